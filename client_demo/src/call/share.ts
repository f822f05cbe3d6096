/** Sharing the screen: asked for, sent with its sound where the browser gives it, and ended from either side. */

import { type Room, RoomEvent, type ScreenShareCaptureOptions, Track } from 'livekit-client';

import { part, say } from '../dom';
import { mayShareScreen } from '../door/told';
import { phrase } from '../languages/language';

/** The sound of what is shared as it is, without the call's own voices where the browser can keep them out. */
const SHARED_SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, restrictOwnAudio: true };

const CAPTURE: ScreenShareCaptureOptions = {
  audio: SHARED_SOUND,
  systemAudio: 'include',
  surfaceSwitching: 'include',
  selfBrowserSurface: 'exclude', // a call that shows itself shows itself without end
};

/** Phones mostly cannot. */
export function canShare(): boolean {
  return navigator.mediaDevices !== undefined && 'getDisplayMedia' in navigator.mediaDevices;
}

export function isSharing(room: Room): boolean {
  return room.localParticipant.getTrackPublication(Track.Source.ScreenShare)?.track !== undefined;
}

/** Why sharing did not start; empty where the person closed the browser's question, which is an answer. */
export function shareFailure(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message.toLowerCase() : '';
  if (name === 'NotAllowedError' && message.includes('system')) {
    return phrase('trouble.shareSystem');
  }
  if (name === 'NotAllowedError' || name === 'AbortError') return '';
  return phrase('trouble.shareFailed');
}

/** Binds `share-button` inside `root` until the answer's `close`. */
export function bindShare(
  root: HTMLElement,
  room: Room,
  onProblem: (message: string) => void,
): { toggle: () => void; close: () => void } {
  const stop = new AbortController();
  const button = part(root, 'share-button', HTMLButtonElement);
  const label = part(button, 'label', HTMLElement);
  let busy = false;

  const draw = (): void => {
    const on = isSharing(room);
    button.hidden = !canShare() || (!on && !mayShareScreen(room));
    button.dataset['active'] = String(on);
    button.setAttribute('aria-busy', String(busy));
    say(label, phrase(on ? 'call.stopSharing' : 'call.share'));
    button.title = phrase(on ? 'call.stopSharingTitle' : 'call.shareTitle');
  };
  const toggle = (): void => {
    if (busy || button.hidden) return;
    busy = true;
    draw();
    room.localParticipant
      .setScreenShareEnabled(!isSharing(room), CAPTURE)
      .then(() => onProblem(''))
      .catch((error: unknown) => onProblem(shareFailure(error)))
      .finally(() => {
        busy = false;
        draw();
      });
  };

  button.addEventListener('click', toggle, { signal: stop.signal });
  // The browser's own bar ends a share too; the library then takes the track back.
  room.on(RoomEvent.LocalTrackPublished, draw).on(RoomEvent.LocalTrackUnpublished, draw);
  room.on(RoomEvent.ParticipantPermissionsChanged, draw);
  draw();
  return { toggle, close: () => stop.abort() };
}
