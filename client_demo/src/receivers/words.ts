/** What an account of the relay means for each person in the list, and where the two differ: pure. */

import { counted, listed } from '../duration';
import type { Account, Receiver, SentTrack, Source } from './account';

const NAMES: Record<Source, string> = {
  microphone: 'sound',
  camera: 'video',
  screen_share: 'screen',
  screen_share_audio: 'screen’s sound',
  audio: 'other sound',
  video: 'other video',
};

/** Names that are told one by one; of more, how many. */
const MOST_NAMED = 6;

/** What one person gets: "gets your sound and video", "gets your sound, not your video". Empty where nothing is
 * sent at all. */
export function getsInWords(account: Account, identity: string): string {
  const all: string[] = [];
  const held: string[] = [];
  const not: string[] = [];
  for (const track of account.tracks) {
    const received = track.receivers.find((one) => one.identity === identity);
    (received ? (received.paused ? held : all) : not).push(NAMES[track.source]);
  }
  if (account.tracks.length === 0) return '';
  if (all.length + held.length === 0) return 'gets nothing of yours';
  return [
    all.length > 0 ? `gets your ${listed(all)}` : '',
    held.length > 0 ? `has your ${listed(held)} paused` : '',
    not.length > 0 ? `does not get your ${listed(not)}` : '',
  ]
    .filter(Boolean)
    .join(', ');
}

/** One sentence for a track: whom it goes to now. */
export function trackInWords(track: SentTrack): string {
  const name = `Your ${NAMES[track.source]}${track.muted ? ' (muted)' : ''}`;
  const active = track.receivers.filter((one) => !one.paused);
  const paused = track.receivers.filter((one) => one.paused);
  const to = active.length > 0 ? `goes to ${named(active)}` : 'goes to nobody';
  return `${name} ${to}${paused.length > 0 ? `, and is paused for ${named(paused)}` : ''}.`;
}

/** Receivers that are in no list of people, each once. */
export function strangersIn(account: Account, roster: ReadonlySet<string>): Receiver[] {
  const found = new Map<string, Receiver>();
  for (const { receivers } of account.tracks) {
    for (const one of receivers) if (!roster.has(one.identity)) found.set(one.identity, one);
  }
  return [...found.values()];
}

function named(receivers: Receiver[]): string {
  const names = receivers.slice(0, MOST_NAMED).map((one) => one.name);
  const more = receivers.length - names.length;
  return listed(more > 0 ? [...names, counted(more, 'other')] : names);
}
