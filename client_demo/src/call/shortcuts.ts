/** Keys that do what buttons do, a list of them, and a way to turn them off. */

import { make, part } from '../dom';
import { isRightToLeft, phrase } from '../languages/language';
import { type Action, actionOf, isPressable, isTyping, SHORTCUTS } from './keys';

/** Listens until the answer is called; `keys-list` and `use-keys` are inside `root`. `act` says whether the key
 * was taken. */
export function bindShortcuts(root: HTMLElement, act: (action: Action) => boolean): () => void {
  const stop = new AbortController();
  const use = part(root, 'use-keys', HTMLInputElement);
  part(root, 'keys-list', HTMLElement).replaceChildren(
    ...SHORTCUTS.map((shortcut) => {
      const line = make('li');
      const sign = 'shown' in shortcut ? along(shortcut.shown) : shortcut.key.toUpperCase();
      const key = sign === ' ' ? phrase('keys.space') : sign;
      line.append(make('kbd', '', key), make('span', '', phrase(shortcut.words)));
      return line;
    }),
  );
  for (const shortcut of SHORTCUTS) {
    if ('button' in shortcut) nameKey(part(root, shortcut.button, HTMLButtonElement), shortcut.key);
  }
  let byKeys = true;
  document.addEventListener('pointerdown', () => void (byKeys = false), { signal: stop.signal });
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.key === 'Tab') byKeys = true;
      if (!use.checked || event.defaultPrevented) return;
      const action = actionOf({
        key: along(event.key.toLowerCase()),
        code: event.code,
        modified: event.ctrlKey || event.altKey || event.metaKey,
        repeat: event.repeat,
        typing: event.isComposing || isTyping(event.target),
      });
      // The space bar is a button's own where the focus came by keys; after a click it is not meant for the button.
      if (!action || (action === 'talk' && byKeys && isPressable(event.target))) return;
      if (act(action)) event.preventDefault();
    },
    { signal: stop.signal },
  );
  return () => stop.abort();
}

const OTHER_WAY: Record<string, string> = { arrowleft: 'arrowright', arrowright: 'arrowleft', '←': '→', '→': '←' };

/** A key or sign that points back or forward, where lines run from right to left. */
function along(sign: string): string {
  return isRightToLeft() ? (OTHER_WAY[sign] ?? sign) : sign;
}

/** So that keys are found by who looks at a button, or listens to it. */
function nameKey(button: HTMLButtonElement, key: string): void {
  button.setAttribute('aria-keyshortcuts', key);
  if (button.title === '') button.title = phrase('keys.key', { key: key.toUpperCase() });
}
