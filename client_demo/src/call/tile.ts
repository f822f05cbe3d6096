/** One tile: a person or a screen. */

import type { Track } from 'livekit-client';

import { assign, copyOf, hide, mark, part, say, tell } from '../dom';
import { locale, phrase } from '../languages/language';
import { showConnection } from './connection';
import { Drawn } from './drawn';
import type { TileContent } from './roster';

export class Tile {
  readonly element = copyOf('tile');
  readonly video = part(this.element, 'video', HTMLVideoElement);
  private shown: Track | null = null;
  private readonly drawn = new Drawn<TileContent & { pinned: boolean }>();
  private readonly pin = part(this.element, 'pin', HTMLButtonElement);

  constructor(
    readonly key: string,
    onPin: () => void,
  ) {
    this.pin.addEventListener('click', onPin);
  }

  get isScreen(): boolean {
    return this.element.dataset['kind'] === 'screen';
  }

  /** All but the video. */
  show(content: TileContent, pinned: boolean): void {
    if (!this.drawn.differs({ ...content, pinned })) return;
    const { element } = this;
    mark(element, 'testid', content.kind === 'person' ? 'tile' : 'screen-tile');
    mark(element, 'identity', content.identity);
    mark(element, 'kind', content.kind);
    mark(element, 'self', content.self);
    mark(element, 'speaking', content.speaking);
    mark(element, 'muted', !content.heard);

    const whose = content.self ? phrase('call.tileYou', { name: content.name }) : content.name;
    const screen = content.self ? phrase('call.tileOwnScreen') : phrase('call.tileScreen', { name: content.name });
    const what = content.kind === 'screen' ? screen : whose;
    say(part(element, 'name', HTMLElement), what);
    tell(part(element, 'initials', HTMLElement), initials(content.name));
    hide(part(element, 'muted', HTMLElement), content.heard);
    hide(part(element, 'hand', HTMLElement), content.hand === 0);
    tell(part(element, 'hand-place', HTMLElement), handPlace(content.hand));
    say(part(element, 'reaction', HTMLElement), content.reaction);
    hide(part(element, 'paused', HTMLElement), !content.paused || content.off);
    hide(part(element, 'off', HTMLElement), !content.off);
    // On a picture only what is not as it should be; the list of people has the rest.
    showConnection(element, content.connection === 'good' ? null : content.connection);
    element.style.setProperty('--hue', String(hue(content.identity)));
    assign(this.pin, 'aria-pressed', String(pinned));
    const pinWords = phrase(pinned ? 'call.letGo' : 'call.keepLarge', { tile: what });
    if (this.pin.title !== pinWords) this.pin.title = this.pin.ariaLabel = pinWords;
  }

  /** Where the tile stands in the speaker layout; null in the grid, where it stands where it comes. */
  place(at: { row: string; column: string; main: boolean } | null): void {
    this.element.style.gridRow = at?.row ?? '';
    this.element.style.gridColumn = at?.column ?? '';
    mark(this.element, 'main', at?.main ?? false);
  }

  remove(): void {
    this.showVideo({ video: null, off: false });
    this.element.remove();
  }

  /** The library looks at once how large the video is and whether it is seen: the tile has to be in its place. */
  showVideo({ video: track, off }: Pick<TileContent, 'video' | 'off'>): void {
    if (track !== this.shown) {
      this.shown?.detach(this.video);
      track?.attach(this.video);
      // The page plays sound elsewhere, so that no tile decides who is heard.
      this.video.muted = true;
      this.shown = track;
    }
    // A video that is turned off stays where it is, unseen: so nothing of it is asked for.
    const seen = track !== null && !off;
    hide(this.video, !seen);
    hide(part(this.element, 'initials', HTMLElement), seen);
    if (off && document.pictureInPictureElement === this.video) void document.exitPictureInPicture().catch(() => undefined);
  }
}

/** Up to two letters: of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const first = words[0] ?? '?';
  const last = words.length > 1 ? (words.at(-1) ?? '') : '';
  const letters = [first, last].map((word) => Array.from(word)[0] ?? '').join('');
  return letters.toLocaleUpperCase(locale());
}

/** The place of a raised hand; empty where it is down. */
export function handPlace(place: number): string {
  return place === 0 ? '' : new Intl.NumberFormat(locale()).format(place);
}

/** A colour angle that stays the same for one identity. */
export function hue(identity: string): number {
  let sum = 0;
  for (const sign of identity) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 65_521;
  return (sum * 137) % 360; // about the golden angle: neighbours get colours far apart
}
