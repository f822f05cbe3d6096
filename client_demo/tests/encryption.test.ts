import { describe, expect, it } from 'vitest';

import { keyKept } from '../src/encryption/address';
import { type Count, Doubts } from '../src/encryption/doubts';
import { freshKey, isGuessable, tidyKey } from '../src/encryption/key';
import { callInWords, differenceInWords, named, protectionOf } from '../src/encryption/protection';
import { understand } from '../src/guest-token';
import { invitationOf, inviteLink } from '../src/link';

describe('keys', () => {
  it('are made of all of 128 random bits, as a link takes them', () => {
    const keys = new Set<string>();
    for (let bit = 0; bit < 128; bit += 1) {
      keys.add(freshKey((bytes) => (bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7)))));
    }
    expect(keys.size).toBe(128);
    for (const key of keys) expect(encodeURIComponent(key)).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(freshKey((bytes) => bytes.fill(255))).toBe('_____________________w');
  });

  it('are the same on every keyboard, and bounded', () => {
    expect(tidyKey(' Zoe\u0308 ')).toBe('Zo\u00eb');
    expect(tidyKey('x'.repeat(1000))).toHaveLength(256);
  });

  it('that are short can be guessed, those that are made up cannot', () => {
    expect(isGuessable('correct horse')).toBe(true);
    expect(isGuessable(freshKey((bytes) => bytes.fill(7)))).toBe(false);
  });
});

describe('an invitation', () => {
  it('has the key in the fragment, and says without one that there is one', () => {
    const link = new URL(inviteLink('https://offrecord.test', '/', 'café', 'a&b=c d'));
    expect(link.search).toBe('');
    expect(invitationOf(link.hash, link.search)).toEqual({ room: 'café', key: 'a&b=c d' });
    expect(invitationOf('#room=a&key=', '')).toEqual({ room: 'a', key: '' });
    expect(invitationOf('#room=a', '')).toEqual({ room: 'a', key: null });
  });

  it('takes no key from what servers are sent', () => {
    expect(invitationOf('', '?room=a&key=secret')).toEqual({ room: 'a', key: null });
  });

  it('goes on with the key of its own room after a reload', () => {
    expect(keyKept({ room: 'a', key: 'secret' }, 'a')).toBe('secret');
    for (const state of [null, 7, { room: 'b', key: 'secret' }, { room: 'a', key: 7 }, { room: 'a' }]) {
      expect(keyKept(state, 'a')).toBe('');
    }
  });
});

describe('a guest', () => {
  it('is told whether the room takes only what is encrypted', () => {
    const told = (encryption: unknown): unknown => understand(200, { token: 't', encryption }, false);
    expect(told('required')).toMatchObject({ kind: 'admitted', encryptionRequired: true });
    for (const word of ['optional', undefined, true]) expect(told(word)).toMatchObject({ encryptionRequired: false });
  });
});

describe('protection', () => {
  const sent = (tracks: boolean[], unreadable = false) => ({ tracks, unreadable });

  it('holds for a person where all that is sent is encrypted and read', () => {
    expect(protectionOf(sent([true, true]), true)).toBe('encrypted');
    expect(protectionOf(sent([true, false]), true)).toBe('clear');
    expect(protectionOf(sent([true, false], true), true)).toBe('clear');
    expect(protectionOf(sent([true], true), true)).toBe('unreadable');
    expect(protectionOf(sent([]), true)).toBeNull();
  });

  it('is no matter in a call without, until somebody encrypts', () => {
    expect(protectionOf(sent([false]), false)).toBeNull();
    expect(protectionOf(sent([false, true]), false)).toBe('unreadable');
  });

  it('holds for the call where it holds for everybody', () => {
    expect(callInWords(true, [])).toEqual({ words: 'Encrypted end to end', calm: true });
    expect(callInWords(true, ['encrypted', null])).toEqual({ words: 'Encrypted end to end', calm: true });
    expect(callInWords(true, ['encrypted', 'clear']).calm).toBe(false);
    expect(callInWords(true, ['clear', 'unreadable']).words).toBe('Keys differ');
    expect(callInWords(false, ['encrypted']).calm).toBe(false);
  });

  it('that fails is told with the names', () => {
    expect(differenceInWords([], true)).toBe('');
    expect(differenceInWords(['Ada'], true)).toBe('You cannot see or hear Ada: your key differs from theirs.');
    expect(differenceInWords(['Ada', 'Bob'], false)).toContain('Ada and Bob: ');
    expect(named(['Ada', 'Bob', 'Cy'])).toBe('Ada, Bob and Cy');
    expect(named(['Ada', 'Bob', 'Cy', 'Di', 'Ed'])).toBe('Ada, Bob and 3 others');
  });
});

describe('doubts', () => {
  const counts = (packets: number, frames: number, samples = 0): Map<string, Count> =>
    new Map([['ada', { packets, frames, samples }]]);

  it('begin with a failure and end when something is played', () => {
    for (const played of [counts(200, 11), counts(200, 10, 48_000)]) {
      const doubts = new Doubts();
      doubts.failed('ada');
      doubts.look(counts(100, 10));
      expect(doubts.isUnreadable('ada')).toBe(true);
      doubts.look(counts(200, 10));
      expect(doubts.isUnreadable('ada')).toBe(true);
      doubts.look(played);
      expect([doubts.isUnreadable('ada'), doubts.none]).toEqual([false, true]);
    }
  });

  it('do not end with what was on its way when it failed', () => {
    const doubts = new Doubts();
    doubts.failed('ada');
    doubts.look(counts(100, 10));
    doubts.failed('ada');
    doubts.look(counts(200, 12));
    expect(doubts.isUnreadable('ada')).toBe(true);
  });

  it('do not end with silence that the browser made up', () => {
    const doubts = new Doubts();
    doubts.failed('ada');
    for (let packets = 0; packets < 200; packets += 50) doubts.look(counts(packets, 0, packets));
    expect(doubts.isUnreadable('ada')).toBe(true);
  });

  it('after another key are settled by what comes, either way', () => {
    const doubts = new Doubts();
    doubts.question(['ada']);
    for (const packets of [0, 50, 100]) doubts.look(counts(packets, 0));
    expect(doubts.isUnreadable('ada')).toBe(false);
    doubts.look(counts(150, 0));
    expect(doubts.isUnreadable('ada')).toBe(true);
    doubts.question(['ada']);
    expect(doubts.isUnreadable('ada')).toBe(true);
    doubts.look(counts(200, 0));
    doubts.look(counts(250, 1));
    expect(doubts.isUnreadable('ada')).toBe(false);
  });

  it('end with a person who left', () => {
    const doubts = new Doubts();
    doubts.failed('ada');
    doubts.look(new Map());
    expect(doubts.none).toBe(true);
  });
});
