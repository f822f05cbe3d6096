/** Tells a person that the own connection is weak, as the server judges it, and what helps. */

import type { Room } from 'livekit-client';

import { hide, part, tell } from '../dom';
import { phrase } from '../languages/language';
import { type Connection, connectionOf } from './connection';
import type { Call, CallPart } from './parts';
import { isPaused } from './roster';

/** It stays for so long, so that a connection that comes and goes does not move the page all the time. */
const STAYS_MS = 6_000;

/** Empty where all is well. `paused`: videos of others that the connection does not carry. */
export function weakness(own: Connection | null, paused: number): string {
  if (own === 'poor' || own === 'lost') {
    return phrase('news.weak');
  }
  return paused > 0 ? phrase('news.slow', { count: paused }) : '';
}

/** Videos that the server has paused because the way to this page carries no more. */
export function pausedVideos(room: Room): number {
  const publications = [...room.remoteParticipants.values()].flatMap((each) => [...each.videoTrackPublications.values()]);
  return publications.filter((each) => isPaused(each.track)).length;
}

export class OwnConnection implements CallPart {
  private readonly notice: HTMLElement;
  private readonly stop: HTMLButtonElement;
  private hiding: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly call: Call) {
    const { root, media } = call;
    this.notice = part(root, 'own-connection', HTMLElement);
    this.stop = part(root, 'own-connection-stop', HTMLButtonElement);
    this.stop.addEventListener('click', () => void media.turn('camera', false));
    media.addEventListener('change', () => this.draw(), { signal: call.closed });
  }

  draw(): void {
    const { room, media } = this.call;
    const words = weakness(connectionOf(room.localParticipant.connectionQuality), pausedVideos(room));
    hide(this.stop, !media.state('camera').on);
    if (words) {
      this.close();
      tell(part(this.notice, 'own-connection-words', HTMLElement), words);
      hide(this.notice, false);
    } else if (!this.notice.hidden) {
      this.hiding ??= setTimeout(() => {
        this.notice.hidden = true;
        this.hiding = undefined;
      }, STAYS_MS);
    }
  }

  close(): void {
    clearTimeout(this.hiding);
    this.hiding = undefined;
  }
}
