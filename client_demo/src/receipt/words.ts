/** The entries of a receipt in plain words. What has no words here is shown as it is kept, never left out. */

import { counted, durationInWords } from '../duration';
import type { Entry, Receipt } from './receipt';

const SOURCES: Record<string, string> = {
  camera: 'camera',
  microphone: 'microphone',
  screen_share: 'screen share',
  screen_share_audio: 'sound of the screen share',
};

const REASONS: Record<string, string> = {
  client_left: 'you left',
  duplicate_identity: 'you joined from somewhere else',
  removed: 'somebody who may do so removed you',
  not_admitted: 'you waited to be let in, and were not',
  room_closed: 'the room was closed',
  server_shutdown: 'the server stopped',
  server_crash: 'the server broke down',
  connection_lost: 'the connection was lost',
  slow_reader: 'your program did not read what it was sent',
  protocol_error: 'your program sent what could not be read',
  state_mismatch: 'your program and the server disagreed',
  never_ready: 'the connection never came up',
  relay_lost: 'a part of the server was replaced',
};

const ENDS: Record<string, string> = {
  closed: 'it was closed',
  client_closed: 'your program closed it',
  consent_lost: 'nothing came through any more',
  handshake_failed: 'no keys could be agreed on',
  never_reached: 'it never came up',
  never_keyed: 'it did not come up in time',
  refused: 'the server had no room',
  relay_lost: 'a part of the server was replaced',
  server_crash: 'the server broke down',
};

const FAMILIES: Record<string, string> = { ipv4: 'IPv4', ipv6: 'IPv6' };

const REFUSALS: Record<string, string> = {
  never_granted: 'your token asked to record, or to be hidden',
  room_missing: 'the room did not exist',
  room_full: 'the room was full',
  room_locked: 'the room was locked',
  banned: 'you were banned from the room',
  room_unencrypted: 'the room was begun without end-to-end encryption',
  no_relay: 'no relay was ready',
  relays_full: 'the server had as many calls as it can carry',
  stopping: 'the server was stopping',
  bad_request: 'the request could not be read',
};

/** How much there is, and how long. */
export function receiptTitle({ entries, held, validUntil }: Receipt, day: (date: Date) => string): string {
  if (entries.length === 0 && held > 0 && validUntil) {
    return `Kept about you in this room by law: ${counted(held, 'entry', 'entries')}, until ${day(validUntil)}`;
  }
  if (entries.length === 0 || !validUntil) return 'Nothing is kept about you in this room';
  return `Kept about you in this room: ${counted(entries.length, 'entry', 'entries')}, until ${day(validUntil)}`;
}

/** Each entry in words, in their order. */
export function entriesInWords(entries: readonly Entry[]): string[] {
  const tracks = new Map<string, string>();
  for (const { event, fields } of entries) {
    if (event === 'track_published') tracks.set(String(fields['track']), track(fields));
  }
  return entries.map((entry) => entryInWords(entry, tracks));
}

function entryInWords({ event, fields }: Entry, tracks: ReadonlyMap<string, string>): string {
  switch (event) {
    case 'attempt_ended':
      return fields['cause'] === 'none'
        ? `Joining took ${seconds(fields['milliseconds'])}${code(fields)}.`
        : `You tried to join${place(fields)}, and it failed: ${attemptFailure(fields)}${code(fields)}.`;
    case 'participant_joined':
      return `You joined${client(fields)}${place(fields)}.`;
    case 'participant_address': {
      const network = String(fields['network']);
      return network.includes('/')
        ? `The first part of your network address was noted: ${network}.`
        : `A pseudonym of your network address was noted: ${network}.`;
    }
    case 'participant_active':
      return `Sound and picture could pass after ${seconds(fields['join_milliseconds'])}.`;
    case 'participant_left': {
      const reason = String(fields['reason']);
      return `Your connection ended after ${duration(fields['milliseconds'])}: ${REASONS[reason] ?? plain(reason)}.${quality(fields)}`;
    }
    case 'track_published': {
      const codec = fields['codec'];
      return `Your ${track(fields)} went on${codec && codec !== 'unknown' ? ` (${String(codec)})` : ''}.`;
    }
    case 'track_unpublished': {
      const ended = tracks.get(String(fields['track'])) ?? 'track';
      return `Your ${ended} went off after ${duration(fields['milliseconds'])}.${arrived(fields)}`;
    }
    case 'transport_ended':
      return transport(fields);
    case 'quality_changed':
      return `From here on your connection was ${plain(String(fields['quality']))}.`;
  }
  const rest = Object.entries(fields).map(([name, value]) => `${plain(name)} ${value}`);
  return `${plain(event)}: ${rest.join(', ') || 'no more'}.`;
}

/** Lines by direction, and what counts what went through them. */
const LINES: Record<string, { whose: string; counts: string[] }> & { both: { whose: string; counts: string[] } } = {
  publisher: { whose: 'What you sent had a line of its own', counts: ['packets_received'] },
  subscriber: { whose: 'What you received had a line of its own', counts: ['packets_sent'] },
  both: { whose: 'You sent and received on one line', counts: ['packets_received', 'packets_sent'] },
};

/** What a line of somebody's own was like; every count is rounded by the server. */
function transport(fields: Entry['fields']): string {
  const { whose, counts } = LINES[String(fields['direction'])] ?? LINES.both;
  const end = ENDS[String(fields['end'])] ?? plain(String(fields['end']));
  const family = FAMILIES[String(fields['family'])];
  const by = family ? ` by ${String(fields['protocol']).toUpperCase()} and ${family}` : '';
  const first = `${whose}${by} for ${duration(fields['milliseconds'])}: ${end}.`;
  if (fields['numbers'] !== 'told') return first;
  const round = Number(fields['round_trip_last']);
  const trip = round > 0 ? `; ${round} milliseconds to the server and back` : '';
  const packets = counts.reduce((sum, name) => sum + Number(fields[name]), 0);
  return `${first} About ${counted(packets, 'packet')}, of which ${Number(fields['packets_lost'])} were lost${trip}.`;
}

function arrived(fields: Entry['fields']): string {
  if (fields['numbers'] !== 'told') return '';
  const lost = Number(fields['packets_lost']);
  return ` About ${counted(Number(fields['packets']), 'packet')} of it arrived${lost > 0 ? `, ${lost} did not` : ''}.`;
}

function attemptFailure(fields: Entry['fields']): string {
  const cause = String(fields['cause']);
  return REFUSALS[cause] ?? REASONS[cause] ?? plain(cause);
}

function code(fields: Entry['fields']): string {
  return fields['code'] ? ` (support code ${String(fields['code'])})` : '';
}

/** As the operator calls the network that somebody came from. */
function place(fields: Entry['fields']): string {
  return fields['site'] ? ` from the site “${String(fields['site'])}”` : '';
}

/** How well, in words, where it was ever less than excellent. */
function quality(fields: Entry['fields']): string {
  const worst = named(fields['worst_quality'], 'unknown');
  if (!worst || worst === 'excellent') return '';
  return ` It was mostly ${named(fields['usual_quality'], 'unknown')}, at worst ${worst}.`;
}

function client(fields: Entry['fields']): string {
  const browser = named(fields['browser'], 'none');
  const version = fields['browser_version'] ? ` ${fields['browser_version']}` : '';
  const system = named(fields['system'], 'unknown');
  const sdk = named(fields['sdk'], 'unknown');
  const what = browser ? `${browser}${version}` : sdk && `the ${sdk} library`;
  if (!what) return '';
  return ` with ${what}${system ? ` on ${system}` : ''}`;
}

function named(value: string | number | undefined, none: string): string {
  const text = String(value ?? none);
  return text === none ? '' : plain(text);
}

function track(fields: Entry['fields']): string {
  return SOURCES[String(fields['source'])] ?? `${String(fields['kind'] ?? '')} track`.trim();
}

function duration(value: string | number | undefined): string {
  return typeof value === 'number' ? durationInWords(value) : 'some time';
}

function seconds(value: string | number | undefined): string {
  return typeof value === 'number' ? `${(value / 1000).toFixed(1)} seconds` : 'some time';
}

function plain(word: string): string {
  return word.replaceAll('_', ' ');
}
