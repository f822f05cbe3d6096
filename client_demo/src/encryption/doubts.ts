/** Whose sound and picture cannot be decrypted: pure, from failures that the library tells and from what arrives.
 *
 * The library tells a failure a few times, and then is silent for a minute whether it goes on or not; that a key is
 * right it never tells. So whoever is in doubt stays so until something of theirs is played. */

/** What has come of one person, all tracks together. */
export interface Count {
  packets: number;
  /** Of video, decoded. */
  frames: number;
  /** Of sound, played as it came: what was made up for missing sound is left out. */
  samples: number;
}

interface Doubt {
  unreadable: boolean;
  last: Count | null;
  /** Looks in a row at which something had come and nothing was played. */
  unread: number;
}

/** A tenth of a second at 48 kHz. */
const SOUND = 4_800;
/** Of sound at its slowest, in about a second. */
const PACKETS = 10;
const LOOKS = 3;

export class Doubts {
  private readonly people = new Map<string, Doubt>();

  get none(): boolean {
    return this.people.size === 0;
  }

  isUnreadable(identity: string): boolean {
    return this.people.get(identity)?.unreadable ?? false;
  }

  /** Something of this person could not be decrypted. */
  failed(identity: string): void {
    this.people.set(identity, { unreadable: true, last: null, unread: 0 });
  }

  /** The key was changed: what was known of these is to be seen anew. */
  question(identities: Iterable<string>): void {
    for (const identity of identities) {
      const unreadable = this.isUnreadable(identity);
      this.people.set(identity, { unreadable, last: null, unread: 0 });
    }
  }

  /** To be called about once a second with what has come so far of each person there. */
  look(counts: ReadonlyMap<string, Count>): void {
    for (const [identity, doubt] of this.people) {
      const now = counts.get(identity);
      const { last } = doubt;
      if (!now) this.people.delete(identity);
      else if (last && (now.frames > last.frames || now.samples - last.samples >= SOUND)) this.people.delete(identity);
      else {
        if (last && now.packets - last.packets >= PACKETS) doubt.unread += 1;
        if (doubt.unread >= LOOKS) doubt.unreadable = true;
        doubt.last = now;
      }
    }
  }
}
