/** Which room a link leads to, and with which key. Both travel in the fragment, which browsers do not send. */

import { tidyKey } from './encryption/key';

export const ROOM_LENGTH = 64;

/** The room of `#room=…`, else of `?room=…`, else empty. Anything malformed is treated as absent. */
export function roomFromAddress(hash: string, search: string): string {
  const fromHash = new URLSearchParams(hash.replace(/^#/, '')).get('room');
  const room = fromHash ?? new URLSearchParams(search).get('room') ?? '';
  return room.trim().slice(0, ROOM_LENGTH);
}

export interface Invitation {
  room: string;
  /** Null where the call is not encrypted end to end; empty where it is, and the link does not have the key. */
  key: string | null;
}

/** A key is read from the fragment only: servers are sent the query, and may log it. */
export function invitationOf(hash: string, search: string): Invitation {
  const key = new URLSearchParams(hash.replace(/^#/, '')).get('key');
  return { room: roomFromAddress(hash, search), key: key === null ? null : tidyKey(key) };
}

/** A link to give to others. */
export function inviteLink(origin: string, path: string, room: string, key: string | null): string {
  return `${origin}${path}#room=${encodeURIComponent(room)}${key === null ? '' : `&key=${encodeURIComponent(key)}`}`;
}

/** A room name that nobody guesses: 5 random bytes as 8 letters and digits, in two groups. */
export function freshRoomName(random: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'; // 32 signs that are not mistaken for one another
  const bytes = new Uint8Array(8);
  random(bytes);
  const signs = Array.from(bytes, (byte) => alphabet[byte % 32]).join('');
  return `${signs.slice(0, 4)}-${signs.slice(4)}`;
}

/** The address LiveKit connects to. The server names itself; an empty or relative name means this page's
 * own server, which is also what survives a proxy that renames it. */
export function serverUrl(named: string, pageUrl: string): string {
  const url = new URL(named || '/', pageUrl);
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  return url.href;
}
