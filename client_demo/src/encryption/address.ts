/** Takes the key out of the address bar, where it would be on every shared screen and in every copied address.
 * It stays with the entry of the tab's history, so that a reload of the page goes on with it. */

import { fieldsOf } from '../policy/fields';
import { type Invitation, inviteLink, invitationOf } from '../link';
import { tidyKey } from './key';

/** What the address invites to. Its key, if it has one, is in the address no longer afterwards. */
export function openInvitation(): Invitation {
  const invitation = invitationOf(location.hash, location.search);
  if (invitation.key) keepInvitation(invitation, location.pathname + location.search);
  else if (invitation.key === '') invitation.key = keyKept(history.state, invitation.room);
  return invitation;
}

/** Makes the address the invitation, without the key. `path` is what stands before the fragment. */
export function keepInvitation({ room, key }: Invitation, path: string): void {
  history.replaceState(key ? { room, key } : null, '', inviteLink('', path, room, key === null ? null : ''));
}

/** Of a call in the same room, before the page was loaded anew; else empty. */
export function keyKept(state: unknown, room: string): string {
  const kept = fieldsOf(state);
  return kept['room'] === room && typeof kept['key'] === 'string' ? tidyKey(kept['key']) : '';
}
