/** Asks the server for its guarantee again and again, each time with a fresh nonce. */

import type { Reading } from './reading';
import { readStatement } from './statement';

const EVERY_MS = 10_000;
/** While something is wrong: what comes back should not look broken for long. */
const IN_DOUBT_MS = 3_000;
const TIMEOUT_MS = 8_000;
const MOST_CHARACTERS = 500_000;

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** One question. Never rejects. `clock` gives milliseconds. */
export async function check(clock: () => number, fetcher: Fetch = fetch): Promise<Reading> {
  const nonce = freshNonce();
  let body: string;
  try {
    const response = await fetcher(`guarantee?nonce=${nonce}`, {
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) return { state: 'failed', reason: 'unreachable', at: clock() };
    body = await response.text();
  } catch {
    return { state: 'failed', reason: 'unreachable', at: clock() };
  }
  try {
    if (body.length > MOST_CHARACTERS) throw new RangeError('the answer is too long');
    return { state: 'answered', statement: readStatement(JSON.parse(body), nonce), at: clock() };
  } catch {
    return { state: 'failed', reason: 'unreadable', at: clock() };
  }
}

/** Asks now, ten seconds after each answer, sooner in doubt, and when the page is shown or the network is back. */
export function watch(onReading: (reading: Reading) => void, clock: () => number): void {
  let asking = false;
  let next: ReturnType<typeof setTimeout> | undefined;
  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    clearTimeout(next);
    const reading = await check(clock);
    asking = false;
    const sound = reading.state === 'answered' && reading.statement.level !== 'none';
    next = setTimeout(() => void ask(), sound ? EVERY_MS : IN_DOUBT_MS);
    onReading(reading);
  };
  void ask();
  window.addEventListener('online', () => void ask());
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void ask();
  });
}

/** 128 random bits in 22 URL-safe characters. */
function freshNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
