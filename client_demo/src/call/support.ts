/** The code to name to the operator, where something is wrong with this connection. */

import { part } from '../dom';
import { supportCodeOf } from '../support-code';
import { copyText } from './copy';
import type { Call } from './parts';

/** Binds `support-button` inside the page. */
export function bindSupportCode({ root, room, announce }: Call): void {
  part(root, 'support-button', HTMLButtonElement).addEventListener('click', () => {
    const code = supportCodeOf(room);
    if (!code) return announce('This server gives no support codes.');
    void copyText(code).then((copied) => {
      announce(`Support code of your connection: ${code}${copied ? ' (copied)' : ''}`);
    });
  });
}
