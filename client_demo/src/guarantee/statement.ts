/** The content of the server's guarantee statement, read strictly: what is missing or odd is an error, because
 * missing evidence counts as not held. */

export type Level = 'full' | 'reduced' | 'none';

/** Where an observation comes from: the kernel's own word, an inspection of the locked process from
 * outside, or the process's own word. */
export type Source = 'kernel' | 'inspected' | 'self-reported';

export interface Check {
  name: string;
  held: boolean;
  source: Source;
  /** Seconds between the observation and the statement, by the server's clock; null if not said. */
  ageSeconds: number | null;
}

export interface RelayStatement {
  relay: string;
  level: Level;
  /** Seconds between its birth and the statement; null if not said. */
  ageSeconds: number | null;
  /** Digest of its system call filters; '' before it has any. */
  filters: string;
  checks: Check[];
}

/** Which relay the room of who asked lives on. `relay` is '' while it lives on none. */
export interface RoomStatement {
  name: string;
  relay: string;
}

/** Why the level is not full. */
export interface Reason {
  says: string;
  /** The check that is not held; '' where it is none. */
  check: string;
}

export interface Incident {
  says: string;
  /** A closed word; '' where not said. */
  kind: string;
  ageSeconds: number | null;
}

export interface Statement {
  nonce: string | null;
  /** Seconds since the epoch, by the server's clock. */
  issuedAt: number;
  expiresAt: number;
  /** The lowest of the level stated and those of its relays. */
  level: Level;
  says: string[];
  doesNotProve: string[];
  reasons: Reason[];
  incidents: Incident[];
  relays: RelayStatement[];
  room: RoomStatement | null;
  /** Of the server's software; '' where not said. */
  version: string;
  code: string;
}

/** The answer is not a statement. */
export class StatementError extends Error {}

const LEVELS: readonly Level[] = ['none', 'reduced', 'full'];
const SOURCES: readonly Source[] = ['kernel', 'inspected', 'self-reported'];
const MOST_RELAYS = 256;
const MOST_CHECKS = 100;
const MOST_REASONS = 2000;
const MOST_SENTENCES = 30;
const TEXT_LENGTH = 500;

/** Reads parsed JSON. Throws StatementError. */
export function readStatement(body: unknown): Statement {
  const fields = record(body, 'the answer');
  const issuedAt = whole(fields['iat']);
  const relays = list(fields['relays'], MOST_RELAYS, 'relays').map((relay) => readRelay(relay, issuedAt));
  const stated = [level(fields['level']), ...relays.map((relay) => relay.level)];
  return {
    nonce: typeof fields['nonce'] === 'string' ? fields['nonce'] : null,
    issuedAt,
    expiresAt: whole(fields['exp']),
    level: stated.reduce((low, next) => (LEVELS.indexOf(next) < LEVELS.indexOf(low) ? next : low)),
    says: sentences(fields['says']),
    doesNotProve: sentences(fields['does_not_prove']),
    reasons: readReasons(fields['reasons']),
    incidents: optional(fields['incidents'], MOST_SENTENCES, 'incidents').map((one) => readIncident(one, issuedAt)),
    relays,
    room: fields['room'] === null || fields['room'] === undefined ? null : readRoom(fields['room']),
    version: field(fields['server'], 'version'),
    code: field(fields['software'], 'code'),
  };
}

function readRelay(body: unknown, issuedAt: number): RelayStatement {
  const fields = record(body, 'a relay');
  return {
    relay: numberText(fields['relay']),
    level: level(fields['level']),
    ageSeconds: age(fields['started_at'], issuedAt),
    filters: typeof fields['filters'] === 'string' ? text(fields['filters']) : '',
    checks: list(fields['checks'], MOST_CHECKS, 'checks').map((check) => readCheck(check, issuedAt)),
  };
}

function readCheck(body: unknown, issuedAt: number): Check {
  const fields = record(body, 'a check');
  const source = SOURCES.find((known) => known === fields['source']);
  if (!source) throw new StatementError('a check has no known source');
  return {
    name: text(fields['name']),
    held: fields['held'] === true,
    source,
    ageSeconds: age(fields['observed_at'], issuedAt),
  };
}

/** What several relays have in common is said once. */
function readReasons(body: unknown): Reason[] {
  const said = new Map<string, Reason>();
  for (const one of optional(body, MOST_REASONS, 'reasons')) {
    const fields = record(one, 'a reason');
    const says = text(fields['says']);
    said.set(says, { says, check: word(fields['check']) });
  }
  return [...said.values()].slice(0, MOST_SENTENCES);
}

function readIncident(body: unknown, issuedAt: number): Incident {
  const fields = record(body, 'an incident');
  return { says: text(fields['says']), kind: word(fields['kind']), ageSeconds: age(fields['at'], issuedAt) };
}

function readRoom(body: unknown): RoomStatement {
  const fields = record(body, 'the room');
  return { name: text(fields['name']), relay: fields['relay'] === null ? '' : numberText(fields['relay']) };
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new StatementError(`${what} is not an object`);
  }
  return value as Record<string, unknown>;
}

function list(value: unknown, most: number, what: string): unknown[] {
  if (!Array.isArray(value) || value.length > most) throw new StatementError(`${what} is no proper list`);
  return value;
}

function optional(value: unknown, most: number, what: string): unknown[] {
  return value === undefined ? [] : list(value, most, what);
}

function level(value: unknown): Level {
  const known = LEVELS.find((candidate) => candidate === value);
  if (!known) throw new StatementError('the level is not known');
  return known;
}

/** A closed word that need not be there. */
function word(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, TEXT_LENGTH) : '';
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new StatementError('a text is missing');
  return value.slice(0, TEXT_LENGTH);
}

/** A text inside an object that need not be there. */
function field(value: unknown, name: string): string {
  return value === undefined ? '' : text(record(value, name)[name]);
}

function numberText(value: unknown): string {
  return String(whole(value));
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new StatementError('a number is missing');
  return value;
}

function sentences(value: unknown): string[] {
  return optional(value, MOST_SENTENCES, 'sentences').map(text);
}

/** Seconds from an RFC 3339 date to the statement; null if it is none. */
function age(value: unknown, issuedAt: number): number | null {
  const milliseconds = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(milliseconds) ? null : Math.max(0, issuedAt - milliseconds / 1000);
}
