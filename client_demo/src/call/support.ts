/** The code to name to the operator, where something is wrong with this connection. */

import { part } from '../dom';
import { phrase } from '../languages/language';
import { supportCodeOf } from '../support-code';
import { copyText } from './copy';
import type { Call } from './parts';

/** Binds `support-button` inside the page. */
export function bindSupportCode({ root, room, announce }: Call): void {
  part(root, 'support-button', HTMLButtonElement).addEventListener('click', () => {
    const code = supportCodeOf(room);
    if (!code) return announce(phrase('news.noCodes'));
    void copyText(code).then((copied) => {
      announce(phrase(copied ? 'news.codeCopied' : 'news.code', { code }));
    });
  });
}
