import { describe, expect, it } from 'vitest';

import { askForPolicy, changesSince, type PublishedPolicy, understandPolicy } from '../src/policy/published';
import { addressOf, policyOf } from '../src/policy/told';

const POLICY: PublishedPolicy = {
  version: '2026-06-01-0123abcd',
  revised: '2026-06-01',
  changes: [
    { revised: '2026-06-01', what: 'Guests are asked for their age.' },
    { revised: '2026-03-01', what: 'Details go after a week.' },
    { revised: '2026-01-01', what: 'First version.' },
  ],
};

describe('the published policy', () => {
  it('is read with its history', () => {
    expect(understandPolicy({ ...POLICY, controller: 'Garden Ltd', clauses: [] })).toEqual(POLICY);
  });

  it.each([null, [], {}, { ...POLICY, version: '' }, { ...POLICY, version: 'x'.repeat(65) }, { ...POLICY, revised: 'soon' }, { ...POLICY, changes: 'First version.' }])(
    'is none as %j',
    (body) => expect(understandPolicy(body)).toBeNull(),
  );

  it('leaves out what is no change, and is bounded', () => {
    const changes = [7, { revised: 'soon', what: 'x' }, { revised: '2026-01-01', what: 'y'.repeat(9_000) }];
    expect(understandPolicy({ ...POLICY, changes })?.changes.map(({ what }) => what.length)).toEqual([2_000]);
  });

  it('is none where the server has none, or does not answer', async () => {
    expect(await askForPolicy(async () => new Response('{}', { status: 404 }))).toBeNull();
    expect(await askForPolicy(async () => new Response('<html>'))).toBeNull();
    expect(await askForPolicy(() => Promise.reject(new TypeError('down')))).toBeNull();
    expect(await askForPolicy(async () => Response.json(POLICY))).toEqual(POLICY);
  });

  it('tells what changed since the version that somebody knew', () => {
    const since = (known: string): string[] => changesSince(POLICY, known).map(({ revised }) => revised);
    expect(since('2026-01-01-ffffffff')).toEqual(['2026-06-01', '2026-03-01']);
    expect(since('2026-03-01-ffffffff')).toEqual(['2026-06-01']);
    expect(since('2026-06-01-ffffffff')).toEqual(['2026-06-01']);
    expect(since('')).toEqual(['2026-06-01']);
    expect(since('rubbish')).toEqual(['2026-06-01']);
  });
});

describe('the policy that a room tells of', () => {
  const told = { version: '2026-06-01-0123abcd', revised: '2026-06-01', url: 'https://meet.example/privacy' };

  it('stands beside what the app keeps there', () => {
    expect(policyOf(JSON.stringify({ topic: 'tulips', offrecord: { policy: told, metadata: 'x' } }))).toEqual(told);
  });

  it.each([undefined, '', 'tulips', 'null', '7', '[]', '{"offrecord":7}', '{"offrecord":{"policy":{"version":"1"}}}', JSON.stringify({ offrecord: { policy: { ...told, revised: 'x' } } })])(
    'is none in %j',
    (metadata) => expect(policyOf(metadata)).toBeNull(),
  );

  it('is read at the server of the call', () => {
    expect(addressOf(told, 'wss://inside.example/')).toBe('https://meet.example/privacy');
    expect(addressOf({ ...told, url: 'privacy' }, 'wss://meet.example/')).toBe('https://meet.example/privacy');
    expect(addressOf({ ...told, url: 'privacy' }, 'ws://127.0.0.1:7880')).toBe('http://127.0.0.1:7880/privacy');
    expect(addressOf({ ...told, url: 'javascript:alert(1)' }, 'wss://meet.example/')).toBeNull();
  });
});
