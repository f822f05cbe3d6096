/** Tells, in the call, that the privacy policy is no longer the one that was joined under: after the connection
 * was lost, the server may be back with another. */

import { type Room, RoomEvent } from 'livekit-client';

import { part, tell } from '../dom';
import { phrase } from '../languages/language';
import { dayInWords } from '../policy/fields';
import { addressOf, policyOf, type ToldPolicy } from '../policy/told';

/** `server` is the address that was connected to. Listeners go with the room's. */
export function bindPolicyNotice(root: HTMLElement, room: Room, server: string): void {
  const notice = part(root, 'policy-notice', HTMLElement);
  let known = policyOf(room.metadata)?.version;
  const look = (): void => {
    const now = policyOf(room.metadata);
    notice.hidden = now?.version === known;
    if (!notice.hidden) draw(notice, now, server);
  };
  room.on(RoomEvent.RoomMetadataChanged, look);
  room.on(RoomEvent.Reconnected, look);
  part(notice, 'policy-close', HTMLButtonElement).addEventListener('click', () => {
    known = policyOf(room.metadata)?.version;
    look();
    part(root, 'room', HTMLElement).focus();
  });
}

function draw(notice: HTMLElement, now: ToldPolicy | null, server: string): void {
  const words = now
    ? phrase('news.policyChanged', { day: dayInWords(now.revised) })
    : phrase('news.policyGone');
  tell(part(notice, 'policy-words', HTMLElement), words);
  const link = part(notice, 'policy-link', HTMLAnchorElement);
  const address = now && addressOf(now, server);
  link.hidden = !address;
  if (address) link.href = address;
}
