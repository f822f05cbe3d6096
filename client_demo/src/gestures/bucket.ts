/** How often somebody may do something: a bucket that fills again with time. Peers decide what arrives. */

export class Bucket {
  private level: number;
  private at = -Infinity;

  /** At most `most` at once, and one more each `everyMs`. */
  constructor(
    private readonly most: number,
    private readonly everyMs: number,
  ) {
    this.level = most;
  }

  /** Whether it may be done at `now` milliseconds; counted if so. */
  take(now: number): boolean {
    const since = Math.max(0, now - this.at);
    this.level = Math.min(this.most, this.level + (Number.isFinite(since) ? since / this.everyMs : 0));
    this.at = now;
    if (this.level < 1) return false;
    this.level -= 1;
    return true;
  }
}

/** A bucket for each sender; of those who are gone none is kept. */
export class Buckets {
  private readonly each = new Map<string, Bucket>();

  constructor(
    private readonly most: number,
    private readonly everyMs: number,
  ) {}

  take(sender: string, now: number): boolean {
    let bucket = this.each.get(sender);
    if (!bucket) this.each.set(sender, (bucket = new Bucket(this.most, this.everyMs)));
    return bucket.take(now);
  }

  forget(sender: string): void {
    this.each.delete(sender);
  }
}
