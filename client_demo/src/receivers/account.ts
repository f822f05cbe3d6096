/** The relay's own account of who receives what this person sends: `GET /api/receivers`. */

import { fieldsOf } from '../policy/fields';

const TIMEOUT_MS = 8_000;
/** More than a room has; the rest of a longer answer is not read. */
const MOST_TRACKS = 32;
const MOST_RECEIVERS = 2_000;
const LONGEST = 256;

/** Words of the server for where a track comes from; what is none of them is told as its kind. */
export type Source = 'microphone' | 'camera' | 'screen_share' | 'screen_share_audio' | 'audio' | 'video';

export interface Receiver {
  identity: string;
  name: string;
  /** Nothing is forwarded at the moment, as the receiver asked. */
  paused: boolean;
}

export interface SentTrack {
  source: Source;
  muted: boolean;
  receivers: Receiver[];
}

export interface Account {
  tracks: SentTrack[];
}

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** In the order they are told in. */
const SOURCES: readonly Source[] = ['microphone', 'camera', 'screen_share', 'screen_share_audio', 'audio', 'video'];

/** Null where the server does not say. Never rejects. `token`: of the call. */
export async function askForAccount(
  token: string,
  fetcher: Fetch = (input, init) => fetch(input, init),
): Promise<Account | null> {
  try {
    const answer = await fetcher('api/receivers', {
      headers: { authorization: `Bearer ${token}` },
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return answer.ok ? understand(await answer.json()) : null;
  } catch {
    return null;
  }
}

/** Null for what is no account. */
export function understand(body: unknown): Account | null {
  const tracks = fieldsOf(body)['tracks'];
  if (!Array.isArray(tracks)) return null;
  const read = tracks.slice(0, MOST_TRACKS).map((track) => readTrack(fieldsOf(track)));
  return { tracks: read.sort((one, other) => SOURCES.indexOf(one.source) - SOURCES.indexOf(other.source)) };
}

function readTrack(track: Record<string, unknown>): SentTrack {
  const receivers = Array.isArray(track['receivers']) ? track['receivers'].slice(0, MOST_RECEIVERS) : [];
  const kind = track['kind'] === 'audio' ? 'audio' : 'video';
  return {
    source: SOURCES.find((source) => source === track['source']) ?? kind,
    muted: track['muted'] === true,
    receivers: receivers.map((one) => readReceiver(fieldsOf(one))),
  };
}

function readReceiver(one: Record<string, unknown>): Receiver {
  const identity = words(one['identity']) || words(one['sid']);
  return { identity, name: words(one['name']) || identity, paused: one['state'] === 'paused' };
}

function words(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST) : '';
}
