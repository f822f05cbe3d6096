/** The link to this room, to be given to others. */

import { part } from '../dom';
import { inviteLink } from '../link';
import { copyText } from './copy';
import type { Call } from './parts';

/** Binds `link`, `copy-link` and `invite-button` inside the page. */
export function bindInvite({ root, roomName, announce }: Call): void {
  const link = inviteLink(location.origin, location.pathname, roomName);
  part(root, 'link', HTMLInputElement).value = link;
  for (const name of ['invite-button', 'copy-link']) {
    part(root, name, HTMLButtonElement).addEventListener('click', () => {
      void copyText(link).then((copied) => {
        announce(copied ? 'The link to this room is copied.' : `The link to this room: ${link}`);
      });
    });
  }
}
