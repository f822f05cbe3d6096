/** Which tiles of the grid are on the page that is shown, and turning it: by buttons, keys, or a swipe. */

import { assign, hide, part, say, tell } from '../dom';
import { isRightToLeft, phrase } from '../languages/language';
import type { Call, CallPart } from './parts';

/** A finger has to go so far, in CSS pixels, and mostly sideways. */
const SWIPE = 60;

export class Pages implements CallPart {
  readonly keys = { 'page-back': (): void => this.turn(-1), 'page-forward': (): void => this.turn(1) };
  /** Counts from 0. */
  page = 0;
  private pages = 1;
  private readonly bar: HTMLElement;

  /** `onTurn`: another page is to be drawn. */
  constructor(
    private readonly call: Call,
    private readonly onTurn: () => void,
  ) {
    this.bar = part(call.root, 'pages', HTMLElement);
    part(this.bar, 'page-back', HTMLButtonElement).addEventListener('click', () => this.turn(-1));
    part(this.bar, 'page-forward', HTMLButtonElement).addEventListener('click', () => this.turn(1));
    this.bindSwipe(part(call.root, 'grid', HTMLElement));
  }

  /** The stage has so many pages, and shows this one; `elsewhere` speaks on another. */
  show(page: number, pages: number, elsewhere: string): void {
    this.page = page;
    this.pages = pages;
    hide(this.bar, pages < 2);
    tell(part(this.bar, 'page-number', HTMLElement), phrase('call.page', { page: page + 1, pages }));
    say(part(this.bar, 'page-speaker', HTMLElement), elsewhere ? phrase('call.speaks', { name: elsewhere }) : '');
    // Not disabled: a button that is loses the focus of who pressed it.
    assign(part(this.bar, 'page-back', HTMLButtonElement), 'aria-disabled', String(page === 0));
    assign(part(this.bar, 'page-forward', HTMLButtonElement), 'aria-disabled', String(page === pages - 1));
  }

  private turn(by: number): void {
    const next = Math.min(this.pages - 1, Math.max(0, this.page + by));
    if (next === this.page) return;
    this.page = next;
    this.onTurn();
    this.call.announce(phrase('call.pageNews', { page: next + 1, pages: this.pages }));
  }

  private bindSwipe(grid: HTMLElement): void {
    let from: Touch | null = null;
    grid.addEventListener('touchstart', ({ touches }) => void (from = touches.length === 1 ? (touches[0] ?? null) : null), {
      passive: true,
    });
    grid.addEventListener(
      'touchend',
      ({ changedTouches }) => {
        const to = changedTouches[0];
        if (!from || !to) return;
        const across = to.clientX - from.clientX;
        const down = to.clientY - from.clientY;
        from = null;
        if (Math.abs(across) < SWIPE || Math.abs(across) <= 2 * Math.abs(down)) return;
        // The next page comes from where lines end.
        const forward = isRightToLeft() ? across > 0 : across < 0;
        this.turn(forward ? 1 : -1);
      },
      { passive: true },
    );
  }
}
