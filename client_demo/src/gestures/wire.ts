/** Raised hands and reactions as data messages of two topics: pure. Guests' tokens let nobody change attributes, since
 * with them go the name that others see and metadata of half a megabyte, so hands are told, not kept by the server.
 *
 *     offrecord.hand      {"hand": "up", "for": 12000}   raised, so many milliseconds ago
 *                         {"hand": "down"}
 *                         {"hand": "who"}                asks those whose hand is up to say so again
 *                         {"hand": "lower", "of": "…"}   from a moderator, to whose identity it names: in a call
 *                                                        that is encrypted, everybody gets what is for one
 *     offrecord.reaction  {"reaction": "applause"}
 */

import { fieldsOf } from '../policy/fields';

export const HAND_TOPIC = 'offrecord.hand';
export const REACTION_TOPIC = 'offrecord.reaction';

/** What is longer is not read. */
const MOST_BYTES = 512;
/** No hand has been up for longer. */
const LONGEST_MS = 24 * 3_600_000;

export type HandMessage = { hand: 'up'; for: number } | { hand: 'down' } | { hand: 'who' } | { hand: 'lower'; of: string };

export const REACTIONS = [
  { name: 'thumbs_up', sign: '👍' },
  { name: 'applause', sign: '👏' },
  { name: 'heart', sign: '❤️' },
  { name: 'laughter', sign: '😂' },
  { name: 'surprise', sign: '😮' },
  { name: 'celebration', sign: '🎉' },
] as const;

export type Reaction = (typeof REACTIONS)[number];

export function encode(message: HandMessage | { reaction: Reaction['name'] }): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** Null for what is no message of a hand. */
export function readHand(payload: Uint8Array): HandMessage | null {
  const fields = read(payload);
  switch (fields['hand']) {
    case 'up': {
      const since = fields['for'];
      const known = typeof since === 'number' && Number.isFinite(since);
      return { hand: 'up', for: known ? Math.min(LONGEST_MS, Math.max(0, since)) : 0 };
    }
    case 'down':
    case 'who':
      return { hand: fields['hand'] };
    case 'lower':
      return typeof fields['of'] === 'string' ? { hand: 'lower', of: fields['of'] } : null;
    default:
      return null;
  }
}

/** Null for what is no reaction that this page shows. */
export function readReaction(payload: Uint8Array): Reaction | null {
  const { reaction } = read(payload);
  return REACTIONS.find((each) => each.name === reaction) ?? null;
}

function read(payload: Uint8Array): Record<string, unknown> {
  if (payload.byteLength > MOST_BYTES) return {};
  try {
    return fieldsOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
  } catch {
    return {};
  }
}
