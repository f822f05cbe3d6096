/** Shows and speaks what just happened, for a while. */

import { tell } from '../dom';

/** Long enough to read a link. */
const NEWS_MS = 8_000;

export class News {
  private quieter: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly place: HTMLElement) {}

  announce(text: string): void {
    clearTimeout(this.quieter);
    tell(this.place, text);
    this.quieter = setTimeout(() => tell(this.place, ''), NEWS_MS);
  }

  close(): void {
    clearTimeout(this.quieter);
  }
}
