import { ConnectionError, DisconnectReason } from 'livekit-client';
import { describe, expect, it } from 'vitest';

import { inOrder } from '../src/call/roster';
import { shareFailure } from '../src/call/share';
import { hue, initials } from '../src/call/tile';
import { company, endOf, isWithoutLoopback, joinFailure } from '../src/call/words';
import { ageInWords, durationInWords } from '../src/duration';
import { summaryText, summaryTitle } from '../src/join/summary';
import { freshRoomName, inviteLink, roomFromAddress, serverUrl } from '../src/link';
import { loudness } from '../src/media/level-meter';
import { withoutCode } from '../src/support-code';
import { helpFor, helpForBoth, problemOf, problemOfPage } from '../src/media/problems';

describe('links', () => {
  it('name a room in the fragment, or in the query', () => {
    expect(roomFromAddress('#room=caf%C3%A9%20talk', '')).toBe('café talk');
    expect(roomFromAddress('', '?room=b')).toBe('b');
    expect(roomFromAddress('#room=a', '?room=b')).toBe('a');
    expect(roomFromAddress('#elsewhere', '')).toBe('');
    expect(roomFromAddress('#room=%', '')).toBe('%');
    expect(roomFromAddress(`#room=${'x'.repeat(500)}`, '')).toHaveLength(64);
  });

  it('lead back to the room they were made for', () => {
    const link = new URL(inviteLink('https://offrecord.test', '/', 'café & #1', null));
    expect(roomFromAddress(link.hash, link.search)).toBe('café & #1');
  });

  it('are made up from all random bytes', () => {
    const name = freshRoomName((bytes) => bytes.forEach((_, index) => (bytes[index] = index * 37)));
    expect(name).toMatch(/^[a-z2-9]{4}-[a-z2-9]{4}$/);
  });

  it('turn into the address of the server, as safe as the page', () => {
    expect(serverUrl('ws://a.test:7880', 'http://b.test/')).toBe('ws://a.test:7880/');
    expect(serverUrl('', 'https://b.test/x/')).toBe('wss://b.test/');
  });
});

describe('words', () => {
  it('for time', () => {
    expect([500, 1_000, 59_000, 60_000, 3_600_000, 3_900_000].map(durationInWords)).toEqual([
      '1 second',
      '1 second',
      '59 seconds',
      '1 minute',
      '1 hour',
      '1 hour 5 minutes',
    ]);
    expect([-5, 8_000, 180_000, 7_200_000].map(ageInWords)).toEqual(['just now', '8 s ago', '3 min ago', '2 h ago']);
  });

  it('for who is here', () => {
    expect([company(0), company(1)]).toEqual(['You are the only one here', '2 people in the call']);
  });

  it('for every way a call ends, and none for leaving', () => {
    expect(endOf(DisconnectReason.CLIENT_INITIATED)).toBe('');
    const reasons = Object.values(DisconnectReason).filter((each) => typeof each === 'number');
    for (const reason of reasons.filter((each) => each !== DisconnectReason.CLIENT_INITIATED)) {
      expect(endOf(reason)).not.toBe('');
    }
    expect(endOf(undefined)).not.toBe('');
    expect(joinFailure(new Error('secret detail'), false).text).not.toContain('secret');
  });

  it('for a Firefox whose server is on loopback', () => {
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0';
    const chromium = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36';
    expect(['localhost', '127.0.0.1', '[::1]'].every((host) => isWithoutLoopback(firefox, host))).toBe(true);
    expect(isWithoutLoopback(firefox, '127.example.test')).toBe(false);
    expect(isWithoutLoopback(firefox, '192.0.2.2')).toBe(false);
    expect(isWithoutLoopback(chromium, '127.0.0.1')).toBe(false);
    const timeout = ConnectionError.timeout('no ICE');
    expect(joinFailure(timeout, true).text).toContain('make run LAN=1');
    expect(joinFailure(timeout, false).text).toContain('firewall');
  });

  it('for a refusal, apart from its support code', () => {
    const refused = ConnectionError.notAllowed('the room is full. Support code: ABCD-EFGH', 403);
    expect(joinFailure(refused, false)).toEqual({
      text: 'The server did not let you in: the room is full',
      code: 'ABCD-EFGH',
      refusal: 'the room is full',
    });
    expect(withoutCode('no')).toEqual({ text: 'no', code: '' });
    expect(withoutCode('Support code: <b>12-3456')).toMatchObject({ code: '' });
  });

  it('for a call that was', () => {
    const call = { room: 'r', milliseconds: 61_000, others: 1, reason: DisconnectReason.CLIENT_INITIATED, supportCode: 'ABCD-EFGH', encrypted: false, receipt: Promise.resolve(null) };
    expect(summaryTitle(call)).toBe('You left “r”');
    expect(summaryText(call)).toBe('You were in “r” for 1 minute. You met 1 other person.');
    const ended = { ...call, reason: DisconnectReason.ROOM_CLOSED };
    expect(summaryTitle(ended)).toBe('The room was closed');
    expect(summaryText(ended)).toContain('Support code: ABCD-EFGH.');
  });

  it('for people', () => {
    expect(['Ada Lovelace', 'ada', '  ', 'Ludwig van Beethoven', '李 明'].map(initials)).toEqual([
      'AL',
      'A',
      '?',
      'LB',
      '李明',
    ]);
    expect(hue('ada')).toBe(hue('ada'));
  });
});

describe('the list of people', () => {
  it('begins with the person at the page, then raised hands, whoever shares, then by name', () => {
    const line = { heard: true, seen: true, sharing: false, speaking: false, self: false, connection: null, hand: 0 };
    const people = [
      { ...line, identity: '1', name: 'Grace' },
      { ...line, identity: '2', name: 'Zuse', self: true },
      { ...line, identity: '3', name: 'Ada', speaking: true },
      { ...line, identity: '4', name: 'Linus', sharing: true },
      { ...line, identity: '5', name: 'Yuri', hand: 2 },
      { ...line, identity: '6', name: 'Wu', hand: 1 },
    ];
    expect(inOrder(people).map((each) => each.name)).toEqual(['Zuse', 'Wu', 'Yuri', 'Linus', 'Ada', 'Grace']);
  });
});

describe('sharing the screen', () => {
  it('is not complained about where the person said no', () => {
    expect(shareFailure(new DOMException('Permission denied', 'NotAllowedError'))).toBe('');
    expect(shareFailure(new DOMException('Permission denied by system', 'NotAllowedError'))).toContain('system');
    expect(shareFailure(new DOMException('', 'NotReadableError'))).toContain('could not');
  });
});

describe('devices', () => {
  it.each([
    ['NotAllowedError', '', 'denied'],
    ['NotAllowedError', 'Permission denied by system', 'system-denied'],
    ['NotFoundError', '', 'missing'],
    ['NotReadableError', '', 'busy'],
    ['OverconstrainedError', '', 'missing'],
    ['TypeError', '', 'failed'],
  ] as const)('%s %s is %s', (name, message, problem) => {
    expect(problemOf(new DOMException(message, name))).toBe(problem);
  });

  it('are hidden from plain HTTP', () => {
    expect(problemOfPage(false, false)).toBe('insecure');
    expect(problemOfPage(true, false)).toBe('unsupported');
    expect(problemOfPage(true, true)).toBeNull();
    expect(helpFor('camera', 'insecure')).toContain('HTTPS');
  });

  it('share the words on a problem they share', () => {
    const both = helpForBoth({ microphone: 'denied', camera: 'denied' });
    expect(both.microphone).toContain('camera and microphone');
    expect(both.camera).toBe('');
    const each = helpForBoth({ microphone: 'missing', camera: 'busy' });
    expect([each.microphone, each.camera].every((words) => words.length > 10)).toBe(true);
    expect(helpForBoth({ microphone: null, camera: 'denied' }).microphone).toBe('');
  });

  it('are heard on a scale', () => {
    expect(loudness(new Float32Array(64))).toBe(0);
    expect(loudness(new Float32Array(64).fill(1))).toBe(1);
    const speech = loudness(new Float32Array(64).fill(0.05));
    expect(speech).toBeGreaterThan(0.5);
    expect(speech).toBeLessThan(0.8);
  });
});
