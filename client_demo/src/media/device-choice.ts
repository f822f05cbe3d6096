/** The lists of microphones, cameras and, where the browser can, speakers; and a test of the speaker. */

import { part } from '../dom';
import { onLanguage, phrase } from '../languages/language';
import type { LocalMedia } from './local-media';
import type { Sound } from './sound';
import { bindSpeakerTest } from './speaker-test';

const LISTS = [
  { kind: 'audioinput', name: 'choose-microphone', word: 'media.microphoneNumber' },
  { kind: 'videoinput', name: 'choose-camera', word: 'media.cameraNumber' },
  { kind: 'audiooutput', name: 'choose-speaker', word: 'media.speakerNumber' },
] as const;

type ListKind = (typeof LISTS)[number]['kind'];

/** Fills the selects inside `root` and keeps them right until the answer is called. */
export function offerDevices(root: HTMLElement, media: LocalMedia, sound: Sound): () => void {
  const stop = new AbortController();
  const { signal } = stop;

  const refresh = async (): Promise<void> => {
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    if (signal.aborted) return;
    for (const { kind, name, word } of LISTS) {
      const select = part(root, name, HTMLSelectElement);
      const found = devices.filter((device) => device.kind === kind && device.deviceId !== '');
      fill(select, found, word);
      const usable = kind !== 'audiooutput' || sound.canChooseSpeaker;
      select.closest('label')?.toggleAttribute('hidden', !usable || (kind === 'audiooutput' && found.length === 0));
      select.disabled = found.length === 0;
      const current = currentOf(kind);
      if (found.some((device) => device.deviceId === current)) select.value = current;
    }
  };

  const currentOf = (kind: ListKind): string => {
    if (kind === 'audioinput') return media.deviceId('microphone');
    if (kind === 'videoinput') return media.deviceId('camera');
    return sound.speaker;
  };

  for (const { kind, name } of LISTS) {
    const select = part(root, name, HTMLSelectElement);
    select.addEventListener(
      'change',
      () => {
        if (kind === 'audioinput') void media.choose('microphone', select.value);
        else if (kind === 'videoinput') void media.choose('camera', select.value);
        else void sound.chooseSpeaker(select.value);
      },
      { signal },
    );
  }
  media.addEventListener('change', () => void refresh(), { signal });
  navigator.mediaDevices?.addEventListener('devicechange', () => void refresh(), { signal });
  onLanguage(() => void refresh(), signal);
  void refresh();
  const closeTest = bindSpeakerTest(root, sound);
  return () => {
    stop.abort();
    closeTest();
  };
}

/** Before permission browsers give no labels: devices are numbered then. */
function fill(select: HTMLSelectElement, devices: MediaDeviceInfo[], word: (typeof LISTS)[number]['word']): void {
  const wanted = devices.map((device, index) => [device.deviceId, device.label || phrase(word, { number: index + 1 })] as const);
  if (wanted.length === 0) wanted.push(['', phrase('media.none')]);
  const shown = Array.from(select.options, (option) => `${option.value}\n${option.text}`).join('\n');
  if (shown === wanted.map((pair) => pair.join('\n')).join('\n')) return;
  select.replaceChildren(...wanted.map(([value, label]) => new Option(label, value)));
}
