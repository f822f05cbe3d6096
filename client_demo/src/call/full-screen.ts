/** The whole page without the browser around it, the badge included: what the server guarantees stays in sight. */

import { part, say } from '../dom';
import { phrase } from '../languages/language';
import type { Call, CallPart } from './parts';

/** Binds `full-screen-button` inside the page; it is hidden where the browser cannot. */
export function fullScreen({ root, announce, closed }: Call): CallPart {
  const button = part(root, 'full-screen-button', HTMLButtonElement);
  button.hidden = !document.fullscreenEnabled;
  const draw = (): void => {
    const on = document.fullscreenElement !== null;
    say(part(button, 'label', HTMLElement), phrase(on ? 'call.leaveFullScreen' : 'call.fullScreen'));
    button.dataset['active'] = String(on);
  };
  const toggle = (): void => {
    if (button.hidden) return;
    const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    done.catch(() => announce(phrase('call.noFullScreen')));
  };
  button.addEventListener('click', toggle);
  document.addEventListener('fullscreenchange', draw, { signal: closed });
  draw();
  return {
    keys: { 'full-screen': toggle },
    close: () => {
      if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    },
  };
}
