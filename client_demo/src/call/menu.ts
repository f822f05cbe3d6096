/** What does not fit the bar: shown in it where there is room, else behind a button. */

import { part } from '../dom';

/** Binds `more-button` and `more` inside `root` until the answer is called. */
export function bindMore(root: HTMLElement): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const button = part(root, 'more-button', HTMLButtonElement);
  const menu = part(root, 'more', HTMLElement);

  const open = (shown: boolean): void => {
    menu.dataset['open'] = String(shown);
    button.setAttribute('aria-expanded', String(shown));
  };
  button.addEventListener('click', () => open(menu.dataset['open'] !== 'true'), { signal });
  // Whatever was chosen, the menu has done its duty.
  menu.addEventListener('click', () => open(false), { signal });
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || menu.dataset['open'] !== 'true') return;
    open(false);
    button.focus();
  };
  menu.addEventListener('keydown', onKey, { signal });
  button.addEventListener('keydown', onKey, { signal });
  document.addEventListener(
    'pointerdown',
    (event) => {
      const inside = event.target instanceof Node && (menu.contains(event.target) || button.contains(event.target));
      if (!inside) open(false);
    },
    { signal },
  );
  open(false);
  return () => stop.abort();
}
