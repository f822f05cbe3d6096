/** The link to this room, to be given to others, with the key where there is one. */

import { part } from '../dom';
import { inviteLink } from '../link';
import { copyText } from './copy';
import type { Call, CallPart } from './parts';

export function linkOf({ roomName, encryption }: Call): string {
  return inviteLink(location.origin, location.pathname, roomName, encryption?.key ?? null);
}

/** Binds `link`, `copy-link` and `invite-button` inside the page. */
export function bindInvite(call: Call): CallPart {
  const { root, announce } = call;
  for (const name of ['invite-button', 'copy-link']) {
    part(root, name, HTMLButtonElement).addEventListener('click', () => {
      const link = linkOf(call);
      const done = call.encryption ? 'The link is copied. It contains the key.' : 'The link to this room is copied.';
      void copyText(link).then((copied) => announce(copied ? done : `The link to this room: ${link}`));
    });
  }
  const shown = part(root, 'link', HTMLInputElement);
  return {
    draw: () => {
      const link = linkOf(call);
      if (shown.value !== link) shown.value = link;
    },
  };
}
