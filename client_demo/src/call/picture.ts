/** Picture in picture: whoever is large, in a small window over other programs. With buttons where the browser lets a
 * page fill such a window (Document Picture-in-Picture), else the video alone. */

import type { Track } from 'livekit-client';

import { copyOf, mark, part, say } from '../dom';
import { phrase } from '../languages/language';
import { bindSwitches } from '../media/switches';
import type { Call, CallPart } from './parts';
import type { TileContent } from './roster';
import { hue, initials } from './tile';

interface PictureWindows {
  requestWindow(size: { width: number; height: number }): Promise<Window>;
}

/** What is drawn in the window. It is looked up before it goes there: elements that are first met inside another
 * window are of that window's own classes. */
interface Small {
  window: Window;
  root: HTMLElement;
  video: HTMLVideoElement;
  letters: HTMLElement;
  name: HTMLElement;
  unbind: () => void;
}

const SIZE = { width: 384, height: 288 };

export class Picture implements CallPart {
  readonly keys = { picture: (): void => this.toggle() };
  private readonly button: HTMLButtonElement;
  private readonly windows = (window as { documentPictureInPicture?: PictureWindows }).documentPictureInPicture;
  private small: Small | null = null;
  private shown: Track | null = null;

  /** `main`: what is to be shown, and its video in the page. */
  constructor(
    private readonly call: Call,
    private readonly main: () => { content: TileContent; video: HTMLVideoElement } | null,
  ) {
    this.button = part(call.root, 'picture-button', HTMLButtonElement);
    this.button.hidden = !this.windows && !document.pictureInPictureEnabled;
    this.button.addEventListener('click', () => this.toggle());
  }

  draw(): void {
    const open = this.small !== null;
    mark(this.button, 'active', open);
    say(part(this.button, 'label', HTMLElement), phrase(open ? 'call.closePicture' : 'call.picture'));
    if (this.small) this.drawIn(this.small);
  }

  close(): void {
    this.small?.window.close();
    this.leave();
    if (document.pictureInPictureElement) void document.exitPictureInPicture().catch(() => undefined);
  }

  private toggle(): void {
    if (this.button.hidden) return;
    if (this.small) return this.close();
    const opened = this.windows ? this.openWindow(this.windows) : this.openVideo();
    opened.catch(() => this.call.announce(phrase('call.noPicture')));
  }

  private async openWindow(windows: PictureWindows): Promise<void> {
    const small = await windows.requestWindow(SIZE);
    if (this.call.closed.aborted) return small.close();
    const { head, body, documentElement } = small.document;
    documentElement.lang = document.documentElement.lang;
    documentElement.dir = document.documentElement.dir;
    small.document.title = document.title;
    // The page's own style sheets and signs, which its security policy lets be used there as here.
    for (const sheet of document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]')) {
      const copy = small.document.createElement('link');
      copy.rel = 'stylesheet';
      copy.href = sheet.href;
      head.append(copy);
    }
    const signs = document.querySelector('body > svg');
    if (signs) body.append(small.document.importNode(signs, true));
    body.dataset['page'] = 'picture';
    const root = copyOf('picture');
    part(root, 'picture-leave', HTMLButtonElement).addEventListener('click', () => void this.call.room.disconnect());
    this.small = {
      window: small,
      root,
      video: part(root, 'video', HTMLVideoElement),
      letters: part(root, 'initials', HTMLElement),
      name: part(root, 'name', HTMLElement),
      unbind: bindSwitches(root, this.call.media),
    };
    body.append(root);
    small.addEventListener('pagehide', () => this.leave(), { once: true });
    this.call.redraw();
  }

  private async openVideo(): Promise<void> {
    if (document.pictureInPictureElement) return await document.exitPictureInPicture();
    const main = this.main();
    if (!main?.content.video || main.content.off) return this.call.announce(phrase('call.noVideo'));
    await main.video.requestPictureInPicture();
  }

  private drawIn({ root, video, letters, name }: Small): void {
    const content = this.main()?.content ?? null;
    const track = content?.off ? null : (content?.video ?? null);
    if (track !== this.shown) {
      this.shown?.detach(video);
      track?.attach(video);
      video.muted = true; // sound is played by the page
      this.shown = track;
    }
    video.hidden = track === null;
    root.dataset['kind'] = content?.kind ?? 'person';
    root.dataset['mirrored'] = String(content?.self === true && this.call.root.dataset['mirrored'] === 'true');
    say(letters, track || !content ? '' : initials(content.name));
    letters.style.setProperty('--hue', String(hue(content?.identity ?? '')));
    say(name, content ? pictureName(content) : '');
  }

  private leave(): void {
    if (this.small) this.shown?.detach(this.small.video);
    this.small?.unbind();
    this.shown = this.small = null;
    if (!this.call.closed.aborted) this.call.redraw();
  }
}

function pictureName({ kind, self, name }: TileContent): string {
  if (kind === 'screen') return self ? phrase('call.tileOwnScreen') : phrase('call.tileScreen', { name });
  return self ? phrase('common.you') : name;
}
