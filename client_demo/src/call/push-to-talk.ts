/** Talking for as long as a key is held, while muted. */

import { phrase } from '../languages/language';
import type { Call, CallPart } from './parts';

export class PushToTalk implements CallPart {
  /** False: the key is not taken, since nobody is muted. */
  readonly keys = { talk: (): boolean => this.press() };
  private held = false;
  private turning = false;
  /** The microphone is on because of the key. */
  private talked = false;

  constructor(private readonly call: Call) {
    const { closed: signal } = call;
    document.addEventListener(
      'keydown',
      (event) => {
        if (event.key === ' ' && event.repeat && this.held) event.preventDefault(); // nothing scrolls meanwhile
      },
      { signal },
    );
    document.addEventListener(
      'keyup',
      (event) => {
        if (event.key !== ' ' || !this.held) return;
        event.preventDefault(); // or a button in focus would be pressed
        this.release();
      },
      { signal },
    );
    // A key that is let go in another window is told to nobody here.
    window.addEventListener('blur', () => this.release(), { signal });
    document.addEventListener('visibilitychange', () => this.release(), { signal });
  }

  private press(): boolean {
    if (this.held) return true;
    if (this.call.media.state('microphone').on) return false;
    this.held = true;
    void this.follow();
    return true;
  }

  private release(): void {
    this.held = false;
    void this.follow();
  }

  /** Brings the microphone to where the key is, however often that changes meanwhile. */
  private async follow(): Promise<void> {
    if (this.turning) return;
    const { media, announce, closed } = this.call;
    const talking = (): boolean => media.state('microphone').on;
    if (!this.held && !this.talked) return;
    this.turning = true;
    while (!closed.aborted && talking() !== this.held) {
      const wanted = this.held;
      await media.turn('microphone', wanted);
      if (talking() !== wanted) break; // no microphone, or it was refused
      this.talked = wanted;
      if (!closed.aborted) announce(phrase(wanted ? 'news.talking' : 'news.talked'));
    }
    this.turning = false;
  }
}
