import { describe, expect, it } from 'vitest';

import { readStatement, StatementError } from '../src/guarantee/statement';
import { statement } from './guarantee';

describe('the guarantee statement', () => {
  it('is read with the age of every observation', () => {
    const read = readStatement(statement());
    expect(read).toMatchObject({ level: 'full', nonce: null, version: '1.2.3', code: 'sha256:c0' });
    expect(read.says).toEqual(['Recording is blocked on this server.']);
    expect(read.relays[0]?.checks[0]).toEqual({ name: 'seccomp', held: true, source: 'kernel', ageSeconds: 2.5 });
  });

  it('is no better than its weakest relay', () => {
    const relays = [
      { relay: 1, level: 'full', checks: [] },
      { relay: 2, level: 'none', checks: [] },
    ];
    expect(readStatement(statement({ relays })).level).toBe('none');
  });

  it('is never better than what it states', () => {
    expect(readStatement(statement({ level: 'reduced' })).level).toBe('reduced');
  });

  it('takes anything but a plain true as not held', () => {
    const checks = [{ name: 'seccomp', held: 'yes', source: 'kernel', observed_at: null }];
    const read = readStatement(statement({ relays: [{ relay: 1, level: 'full', checks }] }));
    expect(read.relays[0]?.checks[0]).toMatchObject({ held: false, ageSeconds: null });
  });

  it('says once what several relays lack', () => {
    const reasons = [1, 2].map((relay) => ({ relay, check: 'landlock', says: 'Landlock is not available.' }));
    expect(readStatement(statement({ reasons })).reasons).toEqual([
      { says: 'Landlock is not available.', check: 'landlock' },
    ]);
  });

  it('tells what happened, and when', () => {
    const incidents = [{ says: 'a media process was stopped', at: '2030-01-01T00:00:00.000Z', kind: 'tripwire' }];
    expect(readStatement(statement({ incidents })).incidents).toEqual([
      { says: 'a media process was stopped', kind: 'tripwire', ageSeconds: 10 },
    ]);
  });

  it('names the relay of the room', () => {
    const room = { name: 'garden', relay: 2, generation: 1, level: 'full' };
    expect(readStatement(statement({ room })).room).toEqual({ name: 'garden', relay: '2' });
    expect(readStatement(statement({ room: { ...room, relay: null } })).room?.relay).toBe('');
  });

  it.each([
    ['an unknown level', { level: 'splendid' }],
    ['no level', { level: undefined }],
    ['no relays', { relays: undefined }],
    ['too many relays', { relays: Array(300).fill({ relay: 1, level: 'full', checks: [] }) }],
    ['a relay that is none', { relays: ['full'] }],
    ['a check from nowhere', { relays: [{ relay: 1, level: 'full', checks: [{ name: 'a', held: true }] }] }],
    ['words that are none', { says: [7] }],
    ['no time', { iat: '2030-01-01' }],
    ['no expiry', { exp: undefined }],
  ])('is refused: %s', (_what, changes) => {
    expect(() => readStatement(statement(changes))).toThrow(StatementError);
  });

  it.each([null, [], 'full', 3])('is refused when it is %j', (body) => {
    expect(() => readStatement(body)).toThrow(StatementError);
  });
});
