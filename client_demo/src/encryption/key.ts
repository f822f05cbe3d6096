/** The key of a call that is encrypted end to end: made up here, typed, or carried by a link. */

const LONGEST = 256;

/** Below so many signs, what somebody thought of can be guessed by whoever keeps what was sent. */
const SHORT = 16;

/** 128 random bits in base64url: 22 letters, digits, `-` and `_`, which go into a link as they are. */
export function freshKey(random: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const bytes = new Uint8Array(16);
  random(bytes);
  const text = btoa(String.fromCharCode(...bytes));
  return text.replace(/\+/gu, '-').replace(/\//gu, '_').replace(/=+$/u, '');
}

/** As everybody's device has to have it: keyboards differ in how they compose letters, and copying adds spaces. */
export function tidyKey(text: string): string {
  return text.normalize('NFC').trim().slice(0, LONGEST);
}

export function isGuessable(key: string): boolean {
  return key.length < SHORT;
}
