/** What the server of a call tells everybody in it about its privacy policy: in the room's metadata. */

import { DAY, fieldsOf } from './fields';

export interface ToldPolicy {
  version: string;
  revised: string;
  /** Absolute, or relative to the address of the server. */
  url: string;
}

/** Null where the server publishes none. Other metadata is the app's own, and means nothing here. */
export function policyOf(metadata: string | undefined): ToldPolicy | null {
  try {
    const { version, revised, url } = fieldsOf(fieldsOf(fieldsOf(JSON.parse(metadata ?? ''))['offrecord'])['policy']);
    if (typeof version !== 'string' || typeof revised !== 'string' || typeof url !== 'string') return null;
    return version !== '' && DAY.test(revised) ? { version, revised, url } : null;
  } catch {
    return null; // no JSON: the app's own text
  }
}

/** Where to read it: a page, or null where the address is none. `server` is the address that was connected to. */
export function addressOf(told: ToldPolicy, server: string): string | null {
  try {
    const url = new URL(told.url, server.replace(/^ws/u, 'http'));
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}
