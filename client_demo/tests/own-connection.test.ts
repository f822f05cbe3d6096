import { expect, test } from 'vitest';

import { weakness } from '../src/call/own-connection';

test('a weak connection is told before paused videos, and a good one is not', () => {
  expect(weakness('poor', 2)).toContain('others may see and hear you late');
  expect(weakness('lost', 0)).toContain('Your connection is weak');
  expect(weakness('fair', 2)).toBe('Your connection is slow: 2 videos are paused until it carries more.');
  expect(weakness('good', 1)).toContain('1 video is paused');
  expect([weakness('good', 0), weakness('fair', 0), weakness(null, 0)]).toEqual(['', '', '']);
});
