/** Remembers what something was drawn from, so that what looks the same is not drawn again. */

export class Drawn<T extends object> {
  private last: T | null = null;

  /** Whether any field is another than when this was asked last. Fields are compared as they are, not what is in them. */
  differs(now: T): boolean {
    const { last } = this;
    this.last = now;
    return last === null || (Object.keys(now) as (keyof T)[]).some((field) => now[field] !== last[field]);
  }
}
