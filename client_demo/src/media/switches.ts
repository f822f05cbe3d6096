/** The two buttons that turn microphone and camera on and off, the same before and during a call. */

import { icon, part, say } from '../dom';
import { onLanguage, phrase } from '../languages/language';
import type { LocalMedia } from './local-media';
import { type DeviceKind, helpForBoth } from './problems';

const SWITCHES = {
  microphone: { name: 'mic', on: 'media.mute', off: 'media.unmute', icons: ['i-mic', 'i-mic-off'] },
  camera: { name: 'camera', on: 'media.stop', off: 'media.start', icons: ['i-camera', 'i-camera-off'] },
} as const satisfies Record<DeviceKind, object>;

/** Binds `<name>-button` and `<name>-help` inside `root` until the answer is called. */
export function bindSwitches(root: HTMLElement, media: LocalMedia): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const draws: (() => void)[] = [];
  for (const kind of ['microphone', 'camera'] as const) {
    const { name, on, off, icons } = SWITCHES[kind];
    const button = part(root, `${name}-button`, HTMLButtonElement);
    const label = part(button, 'label', HTMLElement);
    const help = part(root, `${name}-help`, HTMLElement);
    button.addEventListener('click', () => void media.turn(kind, !media.state(kind).on), { signal });
    draws.push(() => {
      const state = media.state(kind);
      button.dataset['on'] = String(state.on);
      button.dataset['problem'] = String(state.problem !== null);
      button.setAttribute('aria-busy', String(state.busy));
      icon(button, icons[state.on ? 0 : 1]);
      say(label, phrase(state.on ? on : off));
      const problems = { microphone: media.state('microphone').problem, camera: media.state('camera').problem };
      say(help, helpForBoth(problems)[kind]);
    });
  }
  const draw = (): void => draws.forEach((each) => each());
  media.addEventListener('change', draw, { signal });
  onLanguage(draw, signal);
  draw();
  return () => stop.abort();
}
