/** Keys that do what buttons do, a list of them, and a way to turn them off. */

import { make, part } from '../dom';
import { type Action, actionOf, isTyping, SHORTCUTS } from './keys';

/** Listens until the answer is called; `keys-list` and `use-keys` are inside `root`. */
export function bindShortcuts(root: HTMLElement, act: (action: Action) => void): () => void {
  const stop = new AbortController();
  const use = part(root, 'use-keys', HTMLInputElement);
  part(root, 'keys-list', HTMLElement).replaceChildren(
    ...SHORTCUTS.map((shortcut) => {
      const line = make('li');
      const key = 'shown' in shortcut ? shortcut.shown : shortcut.key.toUpperCase();
      line.append(make('kbd', '', key), make('span', '', shortcut.words));
      return line;
    }),
  );
  document.addEventListener(
    'keydown',
    (event) => {
      if (!use.checked || event.defaultPrevented) return;
      const action = actionOf({
        key: event.key,
        code: event.code,
        modified: event.ctrlKey || event.altKey || event.metaKey,
        repeat: event.repeat,
        typing: event.isComposing || isTyping(event.target),
      });
      if (!action) return;
      event.preventDefault();
      act(action);
    },
    { signal: stop.signal },
  );
  return () => stop.abort();
}
