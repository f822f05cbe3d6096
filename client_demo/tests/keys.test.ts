import { describe, expect, it } from 'vitest';

import { actionOf, type KeyPress, SHORTCUTS } from '../src/call/keys';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: '',
  modified: false,
  repeat: false,
  typing: false,
  ...more,
});

describe('keys', () => {
  it('each do one thing', () => {
    expect(new Set(SHORTCUTS.map((each) => each.key)).size).toBe(SHORTCUTS.length);
    for (const { key, action } of SHORTCUTS) expect(actionOf(press(key))).toBe(action);
  });

  it('work in capitals and on keyboards without the letter', () => {
    expect(actionOf(press('M'))).toBe('mute');
    expect(actionOf(press('ь', { code: 'KeyM' }))).toBe('mute');
    expect(actionOf(press('q', { code: 'KeyM' }))).toBeNull(); // another Latin layout: its letters count
  });

  it('are left alone while writing, with the browser’s own shortcuts, and when held down', () => {
    for (const more of [{ typing: true }, { modified: true }, { repeat: true }]) {
      expect(actionOf(press('m', more))).toBeNull();
    }
    expect(actionOf(press('Enter', { code: 'Enter' }))).toBeNull();
    expect(actionOf(press(' ', { code: 'Space', repeat: true }))).toBeNull();
  });
});
