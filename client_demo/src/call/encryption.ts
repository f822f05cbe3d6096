/** Rooms that take only what is encrypted end to end. This page has no keys, and says so instead of sending. */

import type { Room } from 'livekit-client';

export const NEEDS_ENCRYPTION =
  'This room requires end-to-end encryption, and this page has no keys: nobody gets your sound, picture or messages ' +
  'from here, and you get none of theirs. Join with an app that has the key.';

/** The server tells everybody in such a room by an attribute. */
export function requiresEncryption(room: Room): boolean {
  return room.localParticipant.attributes['offrecord.encryption'] === 'required';
}
