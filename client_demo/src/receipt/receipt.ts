/** The privacy receipt (`GET /api/receipt`): what the server's ledger holds about this person, signed. */

import { phrase } from '../languages/language';

export interface Entry {
  event: string;
  at: Date;
  deletedAt: Date;
  fields: Record<string, string | number>;
}

export interface Receipt {
  room: string;
  /** The name that the entries are kept under. */
  identity: string;
  entries: Entry[];
  /** When the last entry is deleted; null where nothing is kept. */
  validUntil: Date | null;
  /** How many entries have to stay because of a legal duty, listed or not. */
  held: number;
  says: string;
  notKept: string[];
  /** Asks again, and erases, until everything has expired. */
  token: string;
  /** The whole answer, to be saved: it has the signature, and the token that asks again. */
  file: string;
}

/** The answer is not a receipt. */
export class ReceiptError extends Error {}

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 5;
const PAUSE_MS = 400;
const MOST_ENTRIES = 2_000;
const TEXT_LENGTH = 2_000;

/** The receipt once it tells of the end of `participant`'s connection, or as it is after two seconds; null
 * if there is none to be had. Never rejects. */
export async function askForReceipt(
  token: string,
  participant: string,
  fetcher: Fetch = fetch,
  pause: () => Promise<void> = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS)),
): Promise<Receipt | null> {
  let latest: Receipt | null = null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await pause();
    const answer = await fetchReceipt(token, fetcher);
    if (answer.kind === 'receipt') latest = answer.receipt;
    const isOver = ({ event, fields }: Entry): boolean =>
      event === 'participant_left' && fields['participant'] === participant;
    if (latest?.entries.some(isOver)) break;
  }
  return latest;
}

/** The receipt as it is now, or why there is none, in words for who asks; `quoted` where they are the server's own, in
 * English. Never rejects. */
export async function fetchReceipt(
  token: string,
  fetcher: Fetch = fetch,
): Promise<{ kind: 'receipt'; receipt: Receipt } | { kind: 'refused'; message: string; quoted?: true }> {
  try {
    const response = await fetcher('api/receipt', {
      headers: { authorization: `Bearer ${token}` },
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = await response.json();
    if (response.ok) return { kind: 'receipt', receipt: readReceipt(body) };
    return { kind: 'refused', message: text(record(body)['error']), quoted: true };
  } catch {
    return { kind: 'refused', message: phrase('receipt.unsaidRetry') };
  }
}

/** Reads an answer strictly: a receipt that leaves something out is none. Throws ReceiptError. */
export function readReceipt(body: unknown): Receipt {
  const answer = record(body);
  const receipt = record(answer['receipt']);
  const { kept, not_kept: notKept, valid_until: until, says } = receipt;
  if (typeof answer['jws'] !== 'string' || typeof answer['token'] !== 'string') throw new ReceiptError('not signed');
  if (!Array.isArray(kept) || kept.length > MOST_ENTRIES) throw new ReceiptError('no list of what is kept');
  if (!Array.isArray(notKept)) throw new ReceiptError('no list of what is not kept');
  return {
    room: text(receipt['room']),
    identity: text(receipt['identity']),
    entries: kept.map(readEntry),
    validUntil: until === null ? null : time(until),
    held: readHeld(receipt['held']),
    says: text(says),
    notKept: notKept.map(text),
    token: answer['token'],
    file: JSON.stringify(body, null, 2),
  };
}

function readHeld(value: unknown): number {
  const rows = value === null ? 0 : record(value)['rows'];
  if (typeof rows !== 'number') throw new ReceiptError('not a number of entries');
  return rows;
}

function readEntry(value: unknown): Entry {
  const { event, at, deleted_at: deletedAt, fields } = record(value);
  const read: Entry['fields'] = {};
  for (const [name, content] of Object.entries(record(fields))) {
    read[name] = typeof content === 'number' ? content : text(content);
  }
  return { event: text(event), at: time(at), deletedAt: time(deletedAt), fields: read };
}

export function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ReceiptError('not an object');
  return value as Record<string, unknown>;
}

export function text(value: unknown): string {
  if (typeof value !== 'string' || value.length > TEXT_LENGTH) throw new ReceiptError('not a text');
  return value;
}

function time(value: unknown): Date {
  const read = new Date(text(value));
  if (Number.isNaN(read.getTime())) throw new ReceiptError('not a time');
  return read;
}
