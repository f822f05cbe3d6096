/** Asks the server for its guarantee again and again, each time with a fresh nonce, and checks what it signed. */

import type { FailedReason, Reading } from './reading';
import { type Checked, checkSigned, textOf, type Verdict } from './signed';

const EVERY_MS = 10_000;
/** While something is wrong: what comes back should not look broken for long. */
const IN_DOUBT_MS = 3_000;
const TIMEOUT_MS = 8_000;
const MOST_CHARACTERS = 2_000_000;
/** The fresh nonce shows that the answer is new. The clock is there for a server or a device that is hours off. */
const CLOCK_LEEWAY_SECONDS = 3600;

const FAULTS: Record<Exclude<Verdict, 'valid' | 'unchecked'>, FailedReason> = {
  malformed: 'unreadable',
  wrong_version: 'unreadable',
  wrong_algorithm: 'forged',
  wrong_type: 'forged',
  unknown_key: 'forged',
  bad_signature: 'forged',
  wrong_nonce: 'replayed',
  too_long: 'dated',
  expired: 'dated',
  not_yet_valid: 'dated',
};

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** The questions of one page, and what it remembers between them. `clock` gives milliseconds since the epoch. */
export class Asker {
  private token = '';
  /** The key seen first, for the duration of a call: another one later is another signer. */
  private pinned = '';
  private jwks: unknown = null;

  constructor(
    private readonly clock: () => number,
    private readonly fetcher: Fetch = (input, init) => fetch(input, init),
  ) {}

  /** From now on the call that the token joins is what is asked about; '' after it. */
  about(token: string): void {
    this.token = token;
    this.pinned = '';
  }

  /** One question. Never rejects. */
  async ask(): Promise<Reading> {
    const nonce = freshNonce();
    const asked = this.token;
    const answer = await this.fetched(`guarantee?nonce=${nonce}`, asked);
    // A token that has expired still was that of the call, but tells no room any more.
    if (answer === 'refused' && asked) {
      if (this.token === asked) this.token = '';
      return this.ask();
    }
    if (typeof answer === 'string') return this.failed(answer === 'refused' ? 'unreachable' : answer);
    const jws = isRecord(answer.body) ? answer.body['jws'] : undefined;
    let checked = await this.checked(jws, nonce);
    if (checked.verdict === 'unknown_key') {
      this.jwks = null; // the server may have been given another key since
      const keys = await this.fetched('.well-known/jwks.json', '');
      if (typeof keys === 'string') return this.failed(keys === 'refused' ? 'unreachable' : keys);
      this.jwks = keys.body;
      checked = await this.checked(jws, nonce);
    }
    return this.readingOf(checked, asked !== '');
  }

  private checked(jws: unknown, nonce: string): Promise<Checked> {
    return checkSigned(jws, this.jwks, { nonce, now: this.clock() / 1000, leeway: CLOCK_LEEWAY_SECONDS });
  }

  private readingOf({ verdict, statement, kid }: Checked, inCall: boolean): Reading {
    if (verdict !== 'valid' && verdict !== 'unchecked') return this.failed(FAULTS[verdict]);
    if (!statement) return this.failed('unreadable');
    if (kid !== null) {
      this.pinned ||= kid;
      if (kid !== this.pinned) return this.failed('other-key');
    }
    const placed = !inCall || (statement.room !== null && statement.room.relay !== '');
    return { state: 'answered', statement, kid, placed, at: this.clock() };
  }

  private failed(reason: FailedReason): Reading {
    return { state: 'failed', reason, at: this.clock() };
  }

  private async fetched(path: string, token: string): Promise<{ body: unknown } | 'unreachable' | 'unreadable' | 'refused'> {
    let body: string;
    try {
      const response = await this.fetcher(path, {
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        headers: token ? { Authorization: `Bearer ${token}` } : {},
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.status === 401 || response.status === 403) return 'refused';
      if (!response.ok) return 'unreachable';
      body = await response.text();
    } catch {
      return 'unreachable';
    }
    if (body.length > MOST_CHARACTERS) return 'unreadable';
    try {
      return { body: JSON.parse(body) };
    } catch {
      return 'unreadable';
    }
  }
}

export interface Watch {
  /** The call that a token joins begins; '' when it ends. Asks at once. */
  during(token: string): void;
}

/** Asks now, ten seconds after each answer, sooner in doubt, and when the page is shown or the network is back. */
export function watch(onReading: (reading: Reading) => void, clock: () => number): Watch {
  const asker = new Asker(clock);
  let asking = false;
  let again = false;
  let next: ReturnType<typeof setTimeout> | undefined;
  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    clearTimeout(next);
    const reading = await asker.ask();
    asking = false;
    const sound = reading.state === 'answered' && reading.placed && reading.statement.level !== 'none';
    next = setTimeout(() => void ask(), sound ? EVERY_MS : IN_DOUBT_MS);
    if (!again) onReading(reading);
    if (again) {
      again = false;
      void ask();
    }
  };
  void ask();
  window.addEventListener('online', () => void ask());
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void ask();
  });
  return {
    during(token) {
      asker.about(token);
      again = asking; // an answer on its way is to a question about something else
      void ask();
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** 128 random bits in 22 URL-safe characters. */
function freshNonce(): string {
  return textOf(crypto.getRandomValues(new Uint8Array(16)));
}
