import { describe, expect, it } from 'vitest';

import { type Reading, STALE_AFTER_MS, viewOf } from '../src/guarantee/reading';
import type { Level } from '../src/guarantee/statement';

const answered = (level: Level, at = 0): Reading => ({
  state: 'answered',
  statement: { level, says: [], doesNotProve: [], relays: [] },
  at,
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
    for (const reason of ['unreachable', 'unreadable'] as const) {
      const view = viewOf({ state: 'failed', reason, at: 0 }, 0);
      expect(view.tone).toBe('alarm');
      expect(view.meaning).toContain('counts as not held');
    }
  });

  it('shows its age', () => {
    expect(viewOf(answered('full'), 8_000).age).toBe('checked 8 s ago');
  });

  it('is no longer calm once evidence is old', () => {
    expect(viewOf(answered('full'), STALE_AFTER_MS).tone).toBe('calm');
    expect(viewOf(answered('full'), STALE_AFTER_MS + 1).tone).toBe('warning');
  });

  it('promises no more than is so', () => {
    const views = [
      viewOf({ state: 'checking' }, 0),
      ...(['full', 'reduced', 'none'] as const).map((level) => viewOf(answered(level), 0)),
    ];
    for (const view of views) {
      expect(`${view.label} ${view.title} ${view.meaning}`).not.toMatch(/impossible|guaranteed|nobody can|never/i);
    }
    for (const view of views.slice(1)) expect(view.meaning).toMatch(/Participants can (still )?record/);
  });
});
