/** Asks the server for a guest's token: `POST /api/guest-token {room, name, policy?, passcode?, old_enough?}`. */

import { phrase } from './languages/language';

export interface GuestRequest {
  room: string;
  name: string;
  /** The version of the privacy policy that was shown; empty if none was. */
  policy: string;
  passcode: string;
  /** 13 or older, or a parent agreed: confirmed where the server asks, and kept nowhere. */
  oldEnough: boolean;
}

export type GuestAnswer =
  | { kind: 'admitted'; url: string; token: string; encryptionRequired: boolean }
  | { kind: 'policy'; message: string }
  | { kind: 'passcode'; message: string }
  | { kind: 'age'; message: string }
  /** `quoted`: the message is the server's own, in English. */
  | { kind: 'refused'; message: string; quoted?: true };

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 10_000;
const MESSAGE_LENGTH = 300;

/** Never rejects: whatever goes wrong is an answer with a sentence for the person who waits. */
export async function askForToken(request: GuestRequest, fetcher: Fetch = fetch): Promise<GuestAnswer> {
  let response: Response;
  try {
    response = await fetcher('api/guest-token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        room: request.room,
        name: request.name,
        ...(request.policy ? { policy: request.policy } : {}),
        ...(request.passcode ? { passcode: request.passcode } : {}),
        ...(request.oldEnough ? { old_enough: true } : {}),
      }),
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    return { kind: 'refused', message: phrase('common.unreachable') };
  }
  const body: unknown = await response.json().catch(() => null);
  return understand(response.status, body, request.passcode !== '');
}

/** Reads an answer. `gave` says whether a passcode was sent. */
export function understand(status: number, body: unknown, gave: boolean): GuestAnswer {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const { url, token, error } = fields;
  if (status >= 200 && status < 300) {
    if (typeof token === 'string' && token !== '' && (typeof url === 'string' || url === undefined)) {
      return { kind: 'admitted', url: url ?? '', token, encryptionRequired: fields['encryption'] === 'required' };
    }
    return { kind: 'refused', message: phrase('refused.odd') };
  }
  if (status === 409 && fields['policy_changed'] === true) {
    return { kind: 'policy', message: phrase('refused.policy') };
  }
  if ((status === 401 || status === 403) && fields['passcode_required'] === true) {
    return { kind: 'passcode', message: phrase(gave ? 'refused.passcodeWrong' : 'refused.passcodeWanted') };
  }
  if (status === 403 && fields['age_required'] === true) {
    return { kind: 'age', message: phrase('refused.age') };
  }
  const message = typeof error === 'string' && error ? error.slice(0, MESSAGE_LENGTH) : '';
  return message ? { kind: 'refused', message, quoted: true } : { kind: 'refused', message: fallback(status) };
}

function fallback(status: number): string {
  if (status === 404 || status === 403) return phrase('refused.guests');
  if (status === 429) return phrase('refused.many');
  if (status >= 500) return phrase('refused.problem');
  return phrase('refused.status', { status: String(status) });
}
