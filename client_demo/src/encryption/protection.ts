/** Who is protected by end-to-end encryption: pure, from what each person sends and what could be read of it. */

import { listed, phrase } from '../languages/language';

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

export function inWords(protection: Protection): { words: string; meaning: string } {
  return { words: phrase(`encryption.${protection}`), meaning: phrase(`encryption.${protection}Means`) };
}

/** The call as a whole, in a few words. `self`: what this page sends is encrypted. */
export function callInWords(self: boolean, others: readonly (Protection | null)[]): { words: string; calm: boolean } {
  if (!self) return { words: phrase('encryption.callClear'), calm: false };
  if (others.includes('unreadable')) return { words: phrase('encryption.callDiffers'), calm: false };
  if (others.includes('clear')) return { words: phrase('encryption.callPartly'), calm: false };
  return { words: phrase('encryption.callEncrypted'), calm: true };
}

/** What a wrong key means, in a sentence; empty where nobody's differs. `encrypting`: this page has a key. */
export function differenceInWords(names: readonly string[], encrypting: boolean): string {
  if (names.length === 0) return '';
  const whom = { names: named(names) };
  return encrypting ? phrase('encryption.differ', whom) : phrase('encryption.differKeyless', whom);
}

/** "Ada", "Ada and Bob", "Ada, Bob and Cy", "Ada, Bob and 3 others". */
export function named(names: readonly string[]): string {
  if (names.length <= 3) return listed(names);
  return listed([...names.slice(0, 2), phrase('encryption.others', { count: names.length - 2 })]);
}
