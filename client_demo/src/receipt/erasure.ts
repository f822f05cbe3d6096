/** Has erased what the server keeps about this person (`DELETE /api/receipt`). */

import { record, text } from './receipt';

export type Erasure =
  | {
      kind: 'erased';
      /** What happened, in the server's words. */
      says: string;
      rows: number;
      /** The whole answer, to be saved: it has the signature. */
      file: string;
    }
  | { kind: 'refused'; message: string };

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

// The server writes its file anew before it answers.
const TIMEOUT_MS = 75_000;
const UNKNOWN = 'The server did not say whether it was erased. Try again in a moment.';

/** Never rejects: whatever goes wrong is an answer with a sentence for the person who waits. */
export async function erase(token: string, fetcher: Fetch = fetch): Promise<Erasure> {
  try {
    const response = await fetcher('api/receipt', {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = await response.json();
    return response.ok ? readErasure(body) : { kind: 'refused', message: text(record(body)['error']) };
  } catch {
    return { kind: 'refused', message: UNKNOWN };
  }
}

/** Throws ReceiptError for anything else. */
function readErasure(body: unknown): Erasure {
  const answer = record(body);
  const erasure = record(answer['erasure']);
  if (typeof answer['jws'] !== 'string') return { kind: 'refused', message: UNKNOWN };
  const rows = Object.values(record(erasure['erased'])).reduce((sum: number, count) => sum + Number(count), 0);
  return {
    kind: 'erased',
    says: `${text(erasure['says'])} ${text(erasure['backups'])}`,
    rows,
    file: JSON.stringify(body, null, 2),
  };
}
