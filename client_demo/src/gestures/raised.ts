/** Whose hand is up, in the order raised: pure. */

export class Raised {
  private readonly since = new Map<string, number>();

  /** `at` in milliseconds. False where it was up already. */
  raise(identity: string, at: number): boolean {
    if (this.since.has(identity)) return false;
    this.since.set(identity, at);
    return true;
  }

  /** False where it was not up. */
  lower(identity: string): boolean {
    return this.since.delete(identity);
  }

  /** When it was raised; null where it is down. */
  at(identity: string): number | null {
    return this.since.get(identity) ?? null;
  }

  /** 1 for who raised first, 0 for a hand that is down. */
  place(identity: string): number {
    const order = [...this.since].sort(([, one], [, other]) => one - other);
    return order.findIndex(([who]) => who === identity) + 1;
  }

  /** Who is not here any more has no hand up. */
  keep(here: ReadonlySet<string>): void {
    for (const identity of this.since.keys()) if (!here.has(identity)) this.since.delete(identity);
  }
}
