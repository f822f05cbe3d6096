/** Help about a device, in a call that goes on without it: closed once it is read, and back where there is other help. */

import { part } from '../dom';
import type { LocalMedia } from '../media/local-media';

/** Binds `<name>-help-box`, and `<name>-help` and `<name>-help-close` in it, until the answer is called. */
export function bindHelp(root: HTMLElement, media: LocalMedia): () => void {
  const stop = new AbortController();
  for (const name of ['mic', 'camera']) {
    const box = part(root, `${name}-help-box`, HTMLElement);
    const help = part(box, `${name}-help`, HTMLElement);
    let read = '';
    const draw = (): void => {
      box.hidden = help.hidden || help.textContent === read;
    };
    part(box, `${name}-help-close`, HTMLButtonElement).addEventListener('click', () => {
      read = help.textContent ?? '';
      draw();
      part(root, `${name}-button`, HTMLButtonElement).focus();
    });
    // Whoever presses the button again wants to know again.
    part(root, `${name}-button`, HTMLButtonElement).addEventListener('click', () => void (read = ''));
    media.addEventListener('change', draw, { signal: stop.signal });
    draw();
  }
  return () => stop.abort();
}
