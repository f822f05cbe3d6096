/** The privacy policy that this page's server publishes (`GET /privacy.json`): which version, and what it changed. */

import { DAY, fieldsOf } from './fields';

export interface Change {
  /** The day, as YYYY-MM-DD. */
  revised: string;
  what: string;
}

export interface PublishedPolicy {
  version: string;
  revised: string;
  /** What each version changed, the newest first. */
  changes: Change[];
}

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 5_000;
const VERSION_LENGTH = 64;
const WHAT_LENGTH = 2_000;
const MOST_CHANGES = 200;

/** Null where none is published, or none can be read. Never rejects. */
export async function askForPolicy(fetcher: Fetch = fetch): Promise<PublishedPolicy | null> {
  try {
    const response = await fetcher('privacy.json', {
      cache: 'no-cache',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.ok ? understandPolicy(await response.json()) : null;
  } catch {
    return null;
  }
}

/** Null for anything that is no policy. */
export function understandPolicy(body: unknown): PublishedPolicy | null {
  const { version, revised, changes } = fieldsOf(body);
  if (typeof version !== 'string' || version === '' || version.length > VERSION_LENGTH) return null;
  if (typeof revised !== 'string' || !DAY.test(revised) || !Array.isArray(changes)) return null;
  const told = changes.slice(0, MOST_CHANGES).map(fieldsOf).flatMap(({ revised: day, what }) => {
    if (typeof day !== 'string' || !DAY.test(day) || typeof what !== 'string') return [];
    return [{ revised: day, what: what.slice(0, WHAT_LENGTH) }];
  });
  return { version, revised, changes: told };
}

/** What changed after the version that somebody knew, which begins with its day; where they know none, or know
 * one of the same day, what changed last. */
export function changesSince(policy: PublishedPolicy, known: string): Change[] {
  const day = known.slice(0, 10);
  const since = DAY.test(day) ? policy.changes.filter((change) => change.revised > day) : [];
  return since.length > 0 ? since : policy.changes.slice(0, 1);
}
