/** How good each of the others' videos is wanted at this page: chosen in the list of people, and gone with the call.
 *
 * The library asks for videos in the size of their tiles, and for none that is not seen; wishes are put on top of that.
 * Its `setEnabled` is left alone: once it was called, that video comes whether it is seen or not. */

import {
  type ElementInfo,
  type RemoteTrackPublication,
  RemoteVideoTrack,
  type Room,
  Track,
  VideoQuality,
} from 'livekit-client';

import { assign, part, tell } from '../dom';
import { phrase } from '../languages/language';
import { meaningOf } from './connection';
import type { Call, CallPart } from './parts';
import { isPaused, nameOf } from './roster';

const WISHES = ['automatic', 'high', 'medium', 'low', 'off'] as const;
export type Wish = (typeof WISHES)[number];

export function isWish(text: string): text is Wish {
  return (WISHES as readonly string[]).includes(text);
}

/** The best layer that is taken: of a smaller tile the library takes less. */
export function mostOf(wish: Wish): VideoQuality {
  if (wish === 'medium') return VideoQuality.MEDIUM;
  return wish === 'low' ? VideoQuality.LOW : VideoQuality.HIGH;
}

/** Counts as a place in which the whole video is shown, though not as one that is seen: whether it comes is up to the
 * tile. */
export class WholeSize implements ElementInfo {
  readonly element = this;
  readonly visible = false;
  readonly pictureInPicture = false;
  readonly visibilityChangedAt = undefined;

  constructor(private readonly publication: Pick<RemoteTrackPublication, 'dimensions'>) {}

  width(): number {
    return this.publication.dimensions?.width ?? 0;
  }

  height(): number {
    return this.publication.dimensions?.height ?? 0;
  }

  observe(): void {}

  stopObserving(): void {}
}

export class VideoWishes implements CallPart {
  /** By identity; of who is not in it the video is as good as the tile is large. */
  private readonly chosen = new Map<string, Wish>();
  private readonly whole = new Map<RemoteVideoTrack, WholeSize>();

  constructor(private readonly call: Call) {}

  choose(identity: string, wish: Wish): void {
    this.chosen.set(identity, wish);
    this.call.redraw();
  }

  isOff(identity: string): boolean {
    return this.chosen.get(identity) === 'off';
  }

  draw(): void {
    const { remoteParticipants } = this.call.room;
    const wholes = new Set<RemoteVideoTrack>();
    for (const [identity, wish] of this.chosen) {
      for (const publication of remoteParticipants.get(identity)?.videoTrackPublications.values() ?? []) {
        if (publication.source === Track.Source.ScreenShare) continue;
        if (publication.isDesired) publication.setVideoQuality(mostOf(wish));
        const { videoTrack } = publication;
        if (wish !== 'high' || !(videoTrack instanceof RemoteVideoTrack)) continue;
        wholes.add(videoTrack);
        if (!this.whole.has(videoTrack)) this.askForWhole(videoTrack, publication);
      }
    }
    for (const [track, size] of this.whole) {
      if (wholes.has(track)) continue;
      track.stopObservingElementInfo(size);
      this.whole.delete(track);
    }
  }

  /** The choice in somebody's line of the list, and what reaches this page. */
  showPerson(line: HTMLElement, identity: string, isNew: boolean): void {
    const { room } = this.call;
    const choice = part(line, 'wish', HTMLSelectElement);
    if (isNew) {
      choice.addEventListener('change', () => {
        if (isWish(choice.value)) this.choose(identity, choice.value);
      });
    }
    if (part(line, 'mixer', HTMLElement).hidden) return;
    const person = room.remoteParticipants.get(identity);
    const name = person ? nameOf(person) : identity;
    assign(choice, 'aria-label', phrase('people.qualityOf', { name }));
    const wish = this.chosen.get(identity) ?? 'automatic';
    if (choice.value !== wish) choice.value = wish;
    tell(part(line, 'quality', HTMLElement), arrivalOf(room, identity, wish === 'off'));
  }

  private askForWhole(track: RemoteVideoTrack, publication: RemoteTrackPublication): void {
    const size = new WholeSize(publication);
    track.observeElementInfo(size);
    this.whole.set(track, size);
  }
}

/** How somebody is connected, and what of their video reaches this page. */
function arrivalOf(room: Room, identity: string, off: boolean): string {
  const person = room.remoteParticipants.get(identity);
  if (!person) return '';
  const meaning = meaningOf(person.connectionQuality);
  const connection = meaning && phrase('people.sentence', { words: meaning });
  if (off) return [connection, phrase('people.videoOff')].filter(Boolean).join(' ');
  const publication = person.getTrackPublication(Track.Source.Camera);
  const { track } = publication ?? {};
  if (!track || publication?.isMuted) return connection;
  const { width, height } = track.mediaStreamTrack.getSettings();
  const size = width && height ? phrase('people.size', { width: String(width), height: String(height) }) : '';
  const video = isPaused(track) ? phrase('people.videoPaused') : size;
  return [connection, video].filter(Boolean).join(' ');
}
