/** One's own picture: shown or not, and as in a mirror or as the others see it. Chosen for this call, kept nowhere. */

import { mark, part, say } from '../dom';
import { phrase } from '../languages/language';
import type { Call, CallPart } from './parts';

export class SelfView implements CallPart {
  readonly keys = { self: (): void => this.toggle() };
  shown = true;
  private readonly mirror: HTMLInputElement;

  /** Binds `self-button` and `mirror` inside the page. */
  constructor(private readonly call: Call) {
    const { root, media, closed } = call;
    part(root, 'self-button', HTMLButtonElement).addEventListener('click', () => this.toggle());
    this.mirror = part(root, 'mirror', HTMLInputElement);
    this.mirror.addEventListener('change', () => this.draw());
    media.addEventListener('change', () => this.draw(), { signal: closed });
  }

  draw(): void {
    const { root, media } = this.call;
    mark(root, 'mirrored', this.mirror.checked && !media.looksAway);
    const label = part(part(root, 'self-button', HTMLElement), 'label', HTMLElement);
    say(label, phrase(this.shown ? 'call.hideSelf' : 'call.showSelf'));
  }

  private toggle(): void {
    this.shown = !this.shown;
    this.call.announce(phrase(this.shown ? 'call.selfShown' : 'call.selfHidden'));
    this.call.redraw();
  }
}
