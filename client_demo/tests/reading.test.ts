import { describe, expect, it } from 'vitest';

import { type Answered, dated, factsOf, STALE_AFTER_MS, viewOf } from '../src/guarantee/reading';
import { type Level, readStatement } from '../src/guarantee/statement';
import { statement } from './guarantee';

const FAILURES = ['unreachable', 'unreadable', 'forged', 'replayed', 'dated', 'other-key'] as const;

const answered = (level: Level, changes: Partial<Answered> = {}): Answered => ({
  state: 'answered',
  statement: readStatement(statement({ level })),
  kid: 'a-key',
  placed: true,
  at: 0,
  ...changes,
});

describe('the badge', () => {
  it.each([
    ['full', 'calm'],
    ['reduced', 'warning'],
    ['none', 'alarm'],
  ] as const)('at %s is %s', (level, tone) => {
    expect(viewOf(answered(level), 1000).tone).toBe(tone);
  });

  it('is alarmed without evidence, and says that it counts as not held', () => {
    for (const reason of FAILURES) {
      const view = viewOf({ state: 'failed', reason, at: 0 }, 0);
      expect(view.tone).toBe('alarm');
      expect(view.meaning).toContain('treat this call as one the server could record');
    }
  });

  it('shows its age', () => {
    expect(viewOf(answered('full'), 8_000).age).toBe('checked 8 s ago');
  });

  it('is no longer calm once evidence is old', () => {
    expect(viewOf(answered('full'), STALE_AFTER_MS).tone).toBe('calm');
    expect(viewOf(answered('full'), STALE_AFTER_MS + 1).tone).toBe('warning');
  });

  it('is not calm where the signature could not be checked, or the call is not named', () => {
    expect(viewOf(answered('full', { kid: null }), 0)).toMatchObject({ tone: 'warning', label: 'Signature not checked' });
    expect(viewOf(answered('full', { placed: false }), 0)).toMatchObject({ tone: 'warning' });
    expect(viewOf(answered('none', { kid: null, placed: false }), 0).tone).toBe('alarm');
  });

  it('tells the expert the key, the relay and the code', () => {
    const room = { name: 'garden', relay: 2, generation: 1, level: 'full' };
    const facts = Object.fromEntries(factsOf(answered('full', { statement: readStatement(statement({ room })) })));
    expect(facts).toMatchObject({ Key: 'a-key', 'This call': 'runs on relay 2', Code: 'sha256:c0' });
    expect(facts['Signature']).toContain('checked in this browser');
    expect(factsOf(answered('full', { kid: null }))[0]?.[1]).toContain('not checked');
  });

  it('tells what happened in a sentence', () => {
    expect(dated('A process was stopped', 300)).toBe('A process was stopped, 5 min ago');
    expect(dated('A process was stopped', null)).toBe('A process was stopped');
  });

  it('promises no more than is so', () => {
    const views = [
      viewOf({ state: 'checking' }, 0),
      ...(['full', 'reduced', 'none'] as const).map((level) => viewOf(answered(level), 0)),
      viewOf(answered('full', { kid: null }), 0),
      viewOf(answered('full', { placed: false }), 0),
    ];
    for (const view of views) {
      expect(`${view.label} ${view.title} ${view.meaning}`).not.toMatch(/impossible|guaranteed|nobody can|never/i);
    }
    for (const view of views.slice(1)) expect(view.meaning).toMatch(/Participants can (still )?record/);
  });
});
