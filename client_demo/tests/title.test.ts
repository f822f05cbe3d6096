import { expect, test } from 'vitest';

import { titleOf } from '../src/call/title';

test('the title of the tab says who waits and what is unread', () => {
  expect(titleOf('garden', 0, 0)).toBe('garden · Offrecord');
  expect(titleOf('garden', 2, 0)).toBe('(2 waiting) garden · Offrecord');
  expect(titleOf('garden', 1, 3)).toBe('(1 waiting, 3 unread) garden · Offrecord');
});
