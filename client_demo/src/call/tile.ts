/** One tile: a person or a screen. */

import type { Track } from 'livekit-client';

import { copyOf, part, say, tell } from '../dom';
import { locale, phrase } from '../languages/language';
import { showConnection } from './connection';
import type { TileContent } from './roster';

export class Tile {
  readonly element = copyOf('tile');
  readonly video = part(this.element, 'video', HTMLVideoElement);
  private shown: Track | null = null;

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

  show(content: TileContent, pinned: boolean): void {
    const { element } = this;
    element.dataset['testid'] = content.kind === 'person' ? 'tile' : 'screen-tile';
    element.dataset['identity'] = content.identity;
    element.dataset['kind'] = content.kind;
    element.dataset['self'] = String(content.self);
    element.dataset['speaking'] = String(content.speaking);
    element.dataset['muted'] = String(!content.heard);

    const whose = content.self ? phrase('call.tileYou', { name: content.name }) : content.name;
    const screen = content.self ? phrase('call.tileOwnScreen') : phrase('call.tileScreen', { name: content.name });
    const what = content.kind === 'screen' ? screen : whose;
    say(part(element, 'name', HTMLElement), what);
    say(part(element, 'initials', HTMLElement), initials(content.name));
    part(element, 'muted', HTMLElement).hidden = content.heard;
    part(element, 'hand', HTMLElement).hidden = content.hand === 0;
    tell(part(element, 'hand-place', HTMLElement), handPlace(content.hand));
    say(part(element, 'reaction', HTMLElement), content.reaction);
    part(element, 'paused', HTMLElement).hidden = !content.paused;
    // On a picture only what is not as it should be; the list of people has the rest.
    showConnection(element, content.connection === 'good' ? null : content.connection);
    element.style.setProperty('--hue', String(hue(content.identity)));
    this.pin.setAttribute('aria-pressed', String(pinned));
    const pinWords = phrase(pinned ? 'call.letGo' : 'call.keepLarge', { tile: what });
    if (this.pin.title !== pinWords) this.pin.title = this.pin.ariaLabel = pinWords;
    this.showVideo(content.video);
  }

  /** Where the tile stands in the speaker layout; null in the grid, where it stands where it comes. */
  place(at: { row: string; column: string; main: boolean } | null): void {
    this.element.style.gridRow = at?.row ?? '';
    this.element.style.gridColumn = at?.column ?? '';
    this.element.dataset['main'] = String(at?.main ?? false);
  }

  remove(): void {
    this.showVideo(null);
    this.element.remove();
  }

  private showVideo(track: Track | null): void {
    if (track !== this.shown) {
      this.shown?.detach(this.video);
      track?.attach(this.video);
      // The page plays sound elsewhere, so that no tile decides who is heard.
      this.video.muted = true;
      this.shown = track;
    }
    this.video.hidden = track === null;
    part(this.element, 'initials', HTMLElement).hidden = track !== null;
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
