/** What a moderator has just asked of the rules: shown until the server tells of it, so that nothing drawn
 * meanwhile from what the server told before takes it back. Pure. */

import type { Rules } from './told';

interface Wish {
  on: boolean;
  /** The metadata of the room when the server said that it is done; a later one tells all there is to know. */
  doneAt: { metadata: string | undefined } | null;
}

export class AskedRules {
  private readonly wishes = new Map<keyof Rules, Wish>();

  ask(rule: keyof Rules, on: boolean): void {
    this.wishes.set(rule, { on, doneAt: null });
  }

  done(rule: keyof Rules, metadata: string | undefined): void {
    const wish = this.wishes.get(rule);
    if (wish) wish.doneAt = { metadata };
  }

  refused(rule: keyof Rules): void {
    this.wishes.delete(rule);
  }

  /** `told`: the rules in `metadata`. */
  shown(told: Rules, metadata: string | undefined): Rules {
    const shown = { ...told };
    for (const [rule, wish] of this.wishes) {
      const isOver = told[rule] === wish.on || (wish.doneAt !== null && wish.doneAt.metadata !== metadata);
      if (isOver) this.wishes.delete(rule);
      else shown[rule] = wish.on;
    }
    return shown;
  }
}
