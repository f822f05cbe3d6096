/** What an account of the relay means for each person in the list, and where the two differ: pure. */

import { listed, phrase } from '../languages/language';
import type { Account, Receiver, SentTrack } from './account';

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
    (received ? (received.paused ? held : all) : not).push(phrase(`sent.${track.source}`));
  }
  if (account.tracks.length === 0) return '';
  if (all.length + held.length === 0) return phrase('receivers.nothing');
  return [
    all.length > 0 ? phrase('receivers.gets', { tracks: listed(all) }) : '',
    held.length > 0 ? phrase('receivers.paused', { tracks: listed(held) }) : '',
    not.length > 0 ? phrase('receivers.not', { tracks: listed(not) }) : '',
  ]
    .filter(Boolean)
    .join(phrase('receivers.between'));
}

/** One sentence for a track: whom it goes to now. */
export function trackInWords(track: SentTrack): string {
  const name = phrase(`sent.${track.source}`);
  const told = { track: track.muted ? phrase('receivers.muted', { track: name }) : name };
  const names = named(track.receivers.filter((one) => !one.paused));
  const paused = named(track.receivers.filter((one) => one.paused));
  if (names && paused) return phrase('receivers.goesPaused', { ...told, names, paused });
  if (names) return phrase('receivers.goes', { ...told, names });
  return paused ? phrase('receivers.goesNowherePaused', { ...told, paused }) : phrase('receivers.goesNowhere', told);
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
  return listed(more > 0 ? [...names, phrase('receivers.others', { count: more })] : names);
}
