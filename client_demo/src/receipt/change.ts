/** What a person has done with what the server keeps about them, with the receipt's token. */

import { phrase } from '../languages/language';
import { record, text } from './receipt';

export type Change =
  | {
      kind: 'done';
      /** What happened, in the server's words. */
      says: string;
      /** How many entries it concerned. */
      rows: number;
      /** Opens the entries from now on, where it is another one; else empty. */
      token: string;
      /** The whole answer, to be saved: it has the signature. */
      file: string;
    }
  /** `quoted`: the message is the server's own, in English. */
  | { kind: 'refused'; message: string; quoted?: true };

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

// The server writes its file anew before it answers.
const TIMEOUT_MS = 75_000;

/** How a right is asked for, and where the answer says what was done, and of how many entries. */
interface Right {
  method: string;
  path: string;
  member: string;
  counted: string;
}

const ERASURE: Right = { method: 'DELETE', path: 'api/receipt', member: 'erasure', counted: 'erased' };
const CORRECTION: Right = { method: 'PATCH', path: 'api/receipt', member: 'correction', counted: 'corrected' };
const OBJECTION: Right = { method: 'POST', path: 'api/receipt/objection', member: 'objection', counted: 'erased' };

/** Has everything erased. */
export function erase(token: string, fetcher: Fetch = fetch): Promise<Change> {
  return ask(token, ERASURE, undefined, fetcher);
}

/** Has it kept under another name. */
export function correct(token: string, name: string, fetcher: Fetch = fetch): Promise<Change> {
  return ask(token, CORRECTION, { name }, fetcher);
}

/** Has details erased, and no more written of a call that goes on. */
export function objectToDetails(token: string, fetcher: Fetch = fetch): Promise<Change> {
  return ask(token, OBJECTION, undefined, fetcher);
}

/** Never rejects: whatever goes wrong is an answer with a sentence for the person who waits. */
async function ask(token: string, right: Right, body: object | undefined, fetcher: Fetch): Promise<Change> {
  try {
    const response = await fetcher(right.path, {
      method: right.method,
      headers: { authorization: `Bearer ${token}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    if (!response.ok) return { kind: 'refused', message: text(record(answer)['error']), quoted: true };
    return read(answer, right);
  } catch {
    return { kind: 'refused', message: phrase('common.unsaid') };
  }
}

/** Throws ReceiptError for anything else. */
function read(body: unknown, { member, counted }: Right): Change {
  const answer = record(body);
  const content = record(answer[member]);
  if (typeof answer['jws'] !== 'string') return { kind: 'refused', message: phrase('common.unsaid') };
  const rows = Object.values(record(content[counted])).reduce((sum: number, count) => sum + Number(count), 0);
  return {
    kind: 'done',
    says: `${text(content['says'])} ${text(content['backups'])}`,
    rows,
    token: typeof answer['token'] === 'string' ? answer['token'] : '',
    file: JSON.stringify(body, null, 2),
  };
}
