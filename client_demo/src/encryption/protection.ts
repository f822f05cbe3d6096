/** Who is protected by end-to-end encryption: pure, from what each person sends and what could be read of it. */

import { counted, listed } from '../duration';

export type Protection =
  /** Everything that is sent is encrypted, and is read here. */
  | 'encrypted'
  /** Something is sent that the server can read. */
  | 'clear'
  /** It is encrypted with a key that this page does not have. */
  | 'unreadable';

export interface Sent {
  /** Of each track, whether it is declared encrypted. */
  tracks: readonly boolean[];
  /** It could not be decrypted. */
  unreadable: boolean;
}

/** Null where there is nothing to say: nothing is sent, or nobody spoke of encryption. `encrypting`: this page
 * has a key. */
export function protectionOf({ tracks, unreadable }: Sent, encrypting: boolean): Protection | null {
  if (!encrypting) return tracks.includes(true) ? 'unreadable' : null;
  if (tracks.includes(false)) return 'clear';
  if (unreadable) return 'unreadable';
  return tracks.length > 0 ? 'encrypted' : null;
}

const WORDS: Record<Protection, { words: string; meaning: string }> = {
  encrypted: { words: 'encrypted end to end', meaning: 'Encrypted end to end: the server cannot read it' },
  clear: { words: 'not encrypted end to end', meaning: 'Not encrypted end to end: the server could read it' },
  unreadable: { words: 'encrypted with another key', meaning: 'Encrypted with a key that you do not have' },
};

export function inWords(protection: Protection): { words: string; meaning: string } {
  return WORDS[protection];
}

/** The call as a whole, in a few words. `self`: what this page sends is encrypted. */
export function callInWords(self: boolean, others: readonly (Protection | null)[]): { words: string; calm: boolean } {
  if (!self) return { words: 'Not encrypted end to end', calm: false };
  if (others.includes('unreadable')) return { words: 'Keys differ', calm: false };
  if (others.includes('clear')) return { words: 'Not everybody encrypts', calm: false };
  return { words: 'Encrypted end to end', calm: true };
}

/** What a wrong key means, in a sentence; empty where nobody's differs. `encrypting`: this page has a key. */
export function differenceInWords(names: readonly string[], encrypting: boolean): string {
  if (names.length === 0) return '';
  const whom = named(names);
  if (!encrypting) {
    return `You cannot see or hear ${whom}: they encrypt end to end, and you joined without a key. Leave, and join with it.`;
  }
  return `You cannot see or hear ${whom}: your key differs from theirs.`;
}

/** "Ada", "Ada and Bob", "Ada, Bob and Cy", "Ada, Bob and 3 others". */
export function named(names: readonly string[]): string {
  return listed(names.length > 3 ? [...names.slice(0, 2), counted(names.length - 2, 'other')] : names);
}
