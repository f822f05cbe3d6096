/** Whether this browser can encrypt end to end. */

import { isE2EESupported } from 'livekit-client';

const NO_TRANSFORM = 'This browser cannot encrypt calls end to end. Use a current Chrome, Edge, Firefox or Safari.';
const NOT_SECURE = 'A page can encrypt end to end only over HTTPS. Ask for an address that begins with https.';

/** Why it cannot; empty where it can. */
export function whyNotHere(): string {
  if (!window.isSecureContext) return NOT_SECURE;
  return isE2EESupported() ? '' : NO_TRANSFORM;
}
