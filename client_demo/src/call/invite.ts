/** The link to this room, with the key where there is one, to be given to others: copied, handed to another program,
 * or as a QR code. */

import { encode } from 'uqr';

import { part, say, tell } from '../dom';
import { phrase } from '../languages/language';
import { inviteLink } from '../link';
import { copyText } from './copy';
import { bindDialog } from './dialogs';
import type { Call, CallPart } from './parts';

/** Modules of white around a QR code, which readers need (ISO/IEC 18004, 6.3.8). */
const QUIET_ZONE = 4;

export function linkOf({ roomName, encryption }: Call): string {
  return inviteLink(location.origin, location.pathname, roomName, encryption?.key ?? null);
}

/** Binds `link` and `copy-link`, and the dialog `invite`. */
export function bindInvite(call: Call): CallPart {
  const { root, announce } = call;
  part(root, 'copy-link', HTMLButtonElement).addEventListener('click', () => {
    const link = linkOf(call);
    const done = phrase(call.encryption ? 'news.linkCopiedKey' : 'news.linkCopied');
    void copyText(link).then((copied) => announce(copied ? done : phrase('news.link', { link })));
  });
  const drawDialog = bindInviteDialog(call);
  const shown = part(root, 'link', HTMLInputElement);
  return {
    draw: () => {
      const link = linkOf(call);
      if (shown.value === link) return;
      shown.value = link;
      drawDialog(link);
    },
  };
}

function bindInviteDialog(call: Call): (link: string) => void {
  const { root, roomName, encryption } = call;
  const dialog = bindDialog(root, 'invite');
  const shown = part(dialog, 'invite-link', HTMLInputElement);
  const outcome = part(dialog, 'invite-outcome', HTMLElement);
  shown.addEventListener('focus', () => shown.select());
  dialog.addEventListener('close', () => tell(outcome, ''));
  if (encryption) {
    say(part(dialog, 'invite-words', HTMLElement), phrase('invite.keyWords'));
  }
  part(dialog, 'invite-copy', HTMLButtonElement).addEventListener('click', () => {
    void copyText(linkOf(call)).then((copied) => {
      tell(outcome, phrase(copied ? 'invite.copied' : 'invite.uncopied'));
      if (!copied) shown.focus();
    });
  });
  const share = part(dialog, 'invite-share', HTMLButtonElement);
  share.hidden = !('share' in navigator);
  share.addEventListener('click', () => {
    // Whoever closes the system's question has answered it.
    void navigator.share({ title: phrase('invite.shareTitle', { room: roomName }), url: linkOf(call) }).catch(() => undefined);
  });
  return (link) => {
    shown.value = link;
    drawCode(dialog, link);
  };
}

/** The dark modules as one path, row by row; the drawing gets their number as its size. */
function drawCode(dialog: HTMLElement, link: string): void {
  const { data, size } = encode(link, { ecc: 'M', border: QUIET_ZONE });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  dialog.querySelector('svg.code')?.setAttribute('viewBox', `0 0 ${size} ${size}`);
  part(dialog, 'invite-code', SVGPathElement).setAttribute('d', path);
}
