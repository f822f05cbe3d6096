/** Whether this browser can encrypt end to end. */

import { isE2EESupported } from 'livekit-client';

/** The message that says why it cannot; null where it can. */
export function whyNotHere(): 'encryption.insecure' | 'encryption.unable' | null {
  if (!window.isSecureContext) return 'encryption.insecure';
  return isE2EESupported() ? null : 'encryption.unable';
}
