/** The code that stands for one attempt to join in the operator's ledger. It means nothing to anybody else. */

import type { Room } from 'livekit-client';

import { part, say } from './dom';
import { copyText } from './call/copy';
import { phrase } from './languages/language';

const CODE = '[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}';
const AT_END = new RegExp(`\\.? ?Support code: (${CODE})$`, 'u');
const ALONE = new RegExp(`^${CODE}$`, 'u');

/** Of whoever was let in; empty before, and on servers that have none. */
export function supportCodeOf(room: Room): string {
  const code = room.localParticipant.attributes['offrecord.support_code'] ?? '';
  return ALONE.test(code) ? code : '';
}

/** A refusal without the code at its end, and the code, or nothing. */
export function withoutCode(refusal: string): { text: string; code: string } {
  const found = AT_END.exec(refusal);
  return { text: refusal.replace(AT_END, ''), code: found?.[1] ?? '' };
}

/** Binds `support`, `support-code` and `copy-support` inside `root`; the answer shows a code, or hides all. */
export function bindSupport(root: HTMLElement): (code: string) => void {
  const button = part(root, 'copy-support', HTMLButtonElement);
  const shown = part(root, 'support-code', HTMLElement);
  const label = part(button, 'label', HTMLElement);
  button.addEventListener('click', () => {
    void copyText(shown.textContent).then((copied) => say(label, phrase(copied ? 'common.copied' : 'join.mark')));
  });
  return (code) => {
    shown.textContent = code;
    say(label, phrase('common.copy'));
    part(root, 'support', HTMLElement).hidden = code === '';
  };
}
