import { describe, expect, it } from 'vitest';

import { readStatement, StatementError } from '../src/guarantee/statement';

const NONCE = 'abcdefghijklmnopqrstuv';

function statement(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    level: 'full',
    minimum_level: 'full',
    issued_at: '2030-01-01T00:00:10.000Z',
    nonce: NONCE,
    says: 'Recording is blocked on this server.',
    does_not_prove: ['that participants do not record'],
    relays: [
      {
        relay: 1,
        level: 'full',
        checks: [{ name: 'seccomp', held: true, source: 'kernel', observed_at: '2030-01-01T00:00:07.500Z' }],
      },
    ],
    ...changes,
  };
}

describe('the guarantee statement', () => {
  it('is read with the age of every observation', () => {
    const read = readStatement(statement(), NONCE);
    expect(read.level).toBe('full');
    expect(read.says).toEqual(['Recording is blocked on this server.']);
    expect(read.relays[0]?.checks[0]).toEqual({ name: 'seccomp', held: true, source: 'kernel', ageSeconds: 2.5 });
  });

  it('is no better than its weakest relay', () => {
    const relays = [
      { relay: 1, level: 'full', checks: [] },
      { relay: 2, level: 'none', checks: [] },
    ];
    expect(readStatement(statement({ relays }), NONCE).level).toBe('none');
  });

  it('is never better than what it states', () => {
    expect(readStatement(statement({ level: 'reduced' }), NONCE).level).toBe('reduced');
  });

  it('takes anything but a plain true as not held', () => {
    const checks = [{ name: 'seccomp', held: 'yes', source: 'kernel', observed_at: null }];
    const read = readStatement(statement({ relays: [{ relay: 1, level: 'full', checks }] }), NONCE);
    expect(read.relays[0]?.checks[0]).toMatchObject({ held: false, ageSeconds: null });
  });

  it.each([
    ['an answer to another question', { nonce: 'somebody else asked' }],
    ['an unknown level', { level: 'splendid' }],
    ['no level', { level: undefined }],
    ['no relays', { relays: undefined }],
    ['too many relays', { relays: Array(300).fill({ relay: 1, level: 'full', checks: [] }) }],
    ['a relay that is none', { relays: ['full'] }],
    ['a check from nowhere', { relays: [{ relay: 1, level: 'full', checks: [{ name: 'a', held: true }] }] }],
    ['words that are none', { says: [7] }],
  ])('is refused: %s', (_what, changes) => {
    expect(() => readStatement(statement(changes), NONCE)).toThrow(StatementError);
  });

  it.each([null, [], 'full', 3])('is refused when it is %j', (body) => {
    expect(() => readStatement(body, NONCE)).toThrow(StatementError);
  });
});
