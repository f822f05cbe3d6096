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
  room_closed: 'the room was closed',
  server_shutdown: 'the server stopped',
  server_crash: 'the server broke down',
  connection_lost: 'the connection was lost',
  never_ready: 'the connection never came up',
  relay_lost: 'a part of the server was replaced',
};

/** How much there is, and how long. */
export function receiptTitle({ entries, validUntil }: Receipt, day: (date: Date) => string): string {
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
    case 'participant_joined':
      return `You joined${client(fields)}.`;
    case 'participant_active':
      return `Sound and picture could pass after ${seconds(fields['join_milliseconds'])}.`;
    case 'participant_left': {
      const reason = String(fields['reason']);
      return `Your connection ended after ${duration(fields['milliseconds'])}: ${REASONS[reason] ?? plain(reason)}.`;
    }
    case 'track_published': {
      const codec = fields['codec'];
      return `Your ${track(fields)} went on${codec && codec !== 'unknown' ? ` (${String(codec)})` : ''}.`;
    }
    case 'track_unpublished': {
      const ended = tracks.get(String(fields['track'])) ?? 'track';
      return `Your ${ended} went off after ${duration(fields['milliseconds'])}.`;
    }
  }
  const rest = Object.entries(fields).map(([name, value]) => `${plain(name)} ${value}`);
  return `${plain(event)}: ${rest.join(', ') || 'no more'}.`;
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
