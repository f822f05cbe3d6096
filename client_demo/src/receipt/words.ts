/** The entries of a receipt in plain words. What has no words here is shown as it is kept, never left out. */

import { durationInWords, measured } from '../duration';
import { phrase, word } from '../languages/language';
import type { Entry, Receipt } from './receipt';

const FAMILIES: Record<string, string> = { ipv4: 'IPv4', ipv6: 'IPv6' };

/** How much there is, and how long. */
export function receiptTitle({ entries, held, validUntil }: Receipt, day: (date: Date) => string): string {
  const count = entries.length;
  if (count === 0 && held > 0 && validUntil) return phrase('receipt.titleByLaw', { count: held, day: day(validUntil) });
  return count === 0 || !validUntil ? phrase('receipt.nothing') : phrase('receipt.title', { count, day: day(validUntil) });
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
      return attempt(fields);
    case 'participant_joined':
      return phrase('entry.joined', { client: client(fields), place: place(fields) });
    case 'participant_address': {
      const network = String(fields['network']);
      return phrase(network.includes('/') ? 'entry.addressPart' : 'entry.addressPseudonym', { network });
    }
    case 'participant_active':
      return phrase('entry.active', { duration: seconds(fields['join_milliseconds']) });
    case 'participant_left': {
      const left = phrase('entry.left', { duration: duration(fields['milliseconds']), why: closed('reasons', fields['reason']) });
      return together(left, quality(fields));
    }
    case 'track_published': {
      const codec = String(fields['codec'] ?? '');
      const on = { track: track(fields) };
      return codec && codec !== 'unknown' ? phrase('entry.onCodec', { ...on, codec }) : phrase('entry.on', on);
    }
    case 'track_unpublished': {
      const ended = tracks.get(String(fields['track'])) ?? phrase('entry.track');
      return together(phrase('entry.off', { track: ended, duration: duration(fields['milliseconds']) }), arrived(fields));
    }
    case 'transport_ended':
      return transport(fields);
    case 'quality_changed':
      return phrase('entry.qualityChanged', { quality: closed('qualities', fields['quality']) });
  }
  const rest = Object.entries(fields).map(([name, value]) => `${plain(name)} ${value}`);
  return phrase('entry.unknown', { what: plain(event), rest: rest.join(', ') || phrase('entry.noMore') });
}

function attempt(fields: Entry['fields']): string {
  if (fields['cause'] === 'none') {
    return phrase('entry.attempt', { duration: seconds(fields['milliseconds']), code: code(fields) });
  }
  const cause = String(fields['cause']);
  const why = word('refusals', cause) ?? closed('reasons', cause);
  return phrase('entry.attemptFailed', { place: place(fields), why, code: code(fields) });
}

/** What counts what went through a line, by its direction. */
const COUNTS = {
  publisher: ['packets_received'],
  subscriber: ['packets_sent'],
  both: ['packets_received', 'packets_sent'],
} as const;

/** What a line of somebody's own was like; every count is rounded by the server. */
function transport(fields: Entry['fields']): string {
  const said = String(fields['direction']);
  const direction = said === 'publisher' || said === 'subscriber' ? said : 'both';
  const family = FAMILIES[String(fields['family'])];
  const by = family ? phrase('entry.by', { protocol: String(fields['protocol']).toUpperCase(), family }) : '';
  const first = phrase(`entry.${direction}`, {
    by,
    duration: duration(fields['milliseconds']),
    why: closed('ends', fields['end']),
  });
  return fields['numbers'] === 'told' ? together(first, packets(fields, COUNTS[direction])) : first;
}

function packets(fields: Entry['fields'], counts: readonly string[]): string {
  const round = Number(fields['round_trip_last']);
  const told = {
    count: counts.reduce((sum, name) => sum + Number(fields[name]), 0),
    lost: Number(fields['packets_lost']),
  };
  if (!(round > 0)) return phrase('entry.packets', told);
  return phrase('entry.packetsTrip', { ...told, trip: measured(round, 'millisecond') });
}

function arrived(fields: Entry['fields']): string {
  if (fields['numbers'] !== 'told') return '';
  const lost = Number(fields['packets_lost']);
  const count = Number(fields['packets']);
  return lost > 0 ? phrase('entry.arrivedLost', { count, lost }) : phrase('entry.arrived', { count });
}

function code(fields: Entry['fields']): string {
  return fields['code'] ? phrase('entry.code', { code: String(fields['code']) }) : '';
}

/** As the operator calls the network that somebody came from. */
function place(fields: Entry['fields']): string {
  return fields['site'] ? phrase('entry.place', { site: String(fields['site']) }) : '';
}

/** How well, in words, where it was ever less than excellent. */
function quality(fields: Entry['fields']): string {
  const worst = String(fields['worst_quality'] ?? 'unknown');
  if (worst === 'unknown' || worst === 'excellent') return '';
  return phrase('entry.quality', {
    usual: closed('qualities', fields['usual_quality']),
    worst: closed('qualities', worst),
  });
}

function client(fields: Entry['fields']): string {
  const browser = named(fields['browser'], 'none');
  const version = fields['browser_version'] ? ` ${fields['browser_version']}` : '';
  const system = named(fields['system'], 'unknown');
  const sdk = named(fields['sdk'], 'unknown');
  const what = browser ? `${browser}${version}` : sdk && phrase('entry.library', { sdk });
  if (!what) return '';
  return system ? phrase('entry.clientOn', { browser: what, system }) : phrase('entry.client', { browser: what });
}

function named(value: string | number | undefined, none: string): string {
  const text = String(value ?? none);
  return text === none ? '' : plain(text);
}

function track(fields: Entry['fields']): string {
  const known = word('sources', String(fields['source']));
  return known ?? `${plain(String(fields['kind'] ?? ''))} ${phrase('entry.track')}`.trim();
}

function duration(value: string | number | undefined): string {
  return typeof value === 'number' ? durationInWords(value) : phrase('time.some');
}

/** In tenths; what is none of them, in milliseconds. */
function seconds(value: string | number | undefined): string {
  if (typeof value !== 'number') return phrase('time.some');
  return value < 50 ? measured(value, 'millisecond') : measured(value / 1000, 'second', 1);
}

function together(...sentences: string[]): string {
  return sentences.filter(Boolean).join(' ');
}

/** The message of a word of the ledger; a word that has none is shown as it is. */
function closed(subject: 'reasons' | 'ends' | 'qualities', said: string | number | undefined): string {
  return word(subject, String(said)) ?? plain(String(said));
}

function plain(said: string): string {
  return said.replaceAll('_', ' ');
}
