/** What does not fit the bar waits behind a button; some of it only where the bar is short. */

import { part } from '../dom';
import { isRightToLeft } from '../languages/language';

/** From this width on, what is so marked (`data-bar`) stands in the bar, before the button it names (`data-before`). */
const ROOM: Record<string, string> = { tablet: '(min-width: 40.01rem)', wide: '(min-width: 72.01rem)' };

/** CSS pixels that stay free beside the menu. */
const EDGE = 8;

/** Binds `more-button` and `more` inside `root` until the answer is called. */
export function bindMore(root: HTMLElement): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const button = part(root, 'more-button', HTMLButtonElement);
  const menu = part(root, 'more', HTMLElement);

  const open = (shown: boolean): void => {
    const bar = menu.parentElement?.getBoundingClientRect();
    // Above its button, whose place depends on what else is in the bar.
    if (shown && bar) menu.style.insetInlineEnd = `${Math.max(EDGE, endDistance(bar, button.getBoundingClientRect()))}px`;
    menu.dataset['open'] = String(shown);
    button.setAttribute('aria-expanded', String(shown));
  };
  button.addEventListener('click', () => open(menu.dataset['open'] !== 'true'), { signal });
  // Whatever was chosen, the menu has done its duty. The focus is back at its button before the choice acts, so that a
  // dialog leads back there too.
  menu.addEventListener(
    'click',
    () => {
      open(false);
      button.focus();
    },
    { signal, capture: true },
  );
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
  fillBar(menu, signal);
  return () => stop.abort();
}

/** From the end of a line of the bar to the end of what is in it, CSS pixels. */
function endDistance(bar: DOMRect, inside: DOMRect): number {
  return isRightToLeft() ? inside.left - bar.left : bar.right - inside.right;
}

/** Moves buttons between the menu and the bar, so that they come in the order they are seen in. */
function fillBar(menu: HTMLElement, signal: AbortSignal): void {
  const bar = menu.parentElement;
  const marked = Array.from(menu.querySelectorAll<HTMLElement>('[data-bar]'));
  const first = menu.querySelector(':scope > :not([data-bar])');
  for (const [size, query] of Object.entries(ROOM)) {
    const wide = matchMedia(query);
    const place = (): void => {
      for (const button of marked.filter((each) => each.dataset['bar'] === size)) {
        if (wide.matches) bar?.insertBefore(button, part(bar, button.dataset['before'] ?? '', HTMLElement));
        else menu.insertBefore(button, first);
      }
    };
    wide.addEventListener('change', place, { signal });
    place();
  }
}
