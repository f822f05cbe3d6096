/** Follows what is live: the server sends the part of the page anew when it has changed. */
import { merge } from './merge';

const LOST = 'Not following: the connection was lost. Load the page again.';

/** `region` names its stream in `data-live`; the controls beside it are found in the page. */
export function followLive(region: HTMLElement): void {
  const controls = document.querySelector<HTMLElement>('[data-live-controls]');
  const state = document.querySelector<HTMLElement>('[data-live-state]');
  const pause = document.querySelector<HTMLButtonElement>('[data-live-pause]');
  if (!controls || !state || !pause) return;
  const say = (text: string): void => {
    if (state.textContent !== text) state.textContent = text;
  };
  let stream: EventSource | null = null;

  const begin = (): void => {
    stream = new EventSource(region.dataset['live'] ?? '');
    stream.addEventListener('rooms', (event: MessageEvent<string>) => {
      merge(region, event.data);
      say('Following');
    });
    stream.addEventListener('error', () => {
      // Closed: the server refused, as it does when the session has ended. Else the browser tries again by itself.
      say(stream?.readyState === EventSource.CLOSED ? LOST : 'Connecting again');
    });
    say('Following');
    pause.textContent = 'Pause';
  };
  const end = (): void => {
    stream?.close();
    stream = null;
    say('Paused');
    pause.textContent = 'Follow again';
  };

  pause.addEventListener('click', () => (stream ? end() : begin()));
  controls.hidden = false;
  begin();
}
