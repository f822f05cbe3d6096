/** One's own picture: shown or not, and as in a mirror or as the others see it. Chosen for this call, kept nowhere. */

import { part, say } from '../dom';
import type { Call, CallPart } from './parts';

export class SelfView implements CallPart {
  readonly keys = { self: (): void => this.toggle() };
  shown = true;

  /** Binds `self-button` and `mirror` inside the page. */
  constructor(private readonly call: Call) {
    const { root } = call;
    part(root, 'self-button', HTMLButtonElement).addEventListener('click', () => this.toggle());
    const mirror = part(root, 'mirror', HTMLInputElement);
    const draw = (): void => void (root.dataset['mirrored'] = String(mirror.checked));
    mirror.addEventListener('change', draw);
    draw();
  }

  draw(): void {
    const label = part(part(this.call.root, 'self-button', HTMLElement), 'label', HTMLElement);
    say(label, this.shown ? 'Hide my tile' : 'Show my tile');
  }

  private toggle(): void {
    this.shown = !this.shown;
    this.call.announce(
      this.shown ? 'Your own tile is shown.' : 'Your own tile is hidden. The others see you as before.',
    );
    this.call.redraw();
  }
}
