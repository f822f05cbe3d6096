/** The server's guarantee statement (`GET /guarantee?nonce=`), read strictly: what is missing or odd is
 * an error, because missing evidence counts as not held. */

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
  checks: Check[];
}

export interface Statement {
  /** The lowest of the level stated and those of its relays. */
  level: Level;
  says: string[];
  doesNotProve: string[];
  relays: RelayStatement[];
}

/** The answer is not a statement, or not one to the question asked. */
export class StatementError extends Error {}

const LEVELS: readonly Level[] = ['none', 'reduced', 'full'];
const SOURCES: readonly Source[] = ['kernel', 'inspected', 'self-reported'];
const MOST_RELAYS = 256;
const MOST_CHECKS = 100;
const MOST_SENTENCES = 30;
const TEXT_LENGTH = 500;

/** Reads parsed JSON. Throws StatementError. */
export function readStatement(body: unknown, nonce: string): Statement {
  const fields = record(body, 'the answer');
  if (fields['nonce'] !== nonce) throw new StatementError('the answer is to another question');
  const issuedAt = seconds(fields['issued_at']);
  const relays = list(fields['relays'], MOST_RELAYS, 'relays').map((relay) => readRelay(relay, issuedAt));
  const stated = [level(fields['level']), ...relays.map((relay) => relay.level)];
  return {
    level: stated.reduce((low, next) => (LEVELS.indexOf(next) < LEVELS.indexOf(low) ? next : low)),
    says: sentences(fields['says']),
    doesNotProve: sentences(fields['does_not_prove']),
    relays,
  };
}

function readRelay(body: unknown, issuedAt: number | null): RelayStatement {
  const fields = record(body, 'a relay');
  return {
    relay: String(fields['relay'] ?? '').slice(0, 20),
    level: level(fields['level']),
    checks: list(fields['checks'], MOST_CHECKS, 'checks').map((check) => readCheck(check, issuedAt)),
  };
}

function readCheck(body: unknown, issuedAt: number | null): Check {
  const fields = record(body, 'a check');
  const source = SOURCES.find((known) => known === fields['source']);
  if (!source) throw new StatementError('a check has no known source');
  const observedAt = seconds(fields['observed_at']);
  return {
    name: text(fields['name']),
    held: fields['held'] === true,
    source,
    ageSeconds: observedAt === null || issuedAt === null ? null : Math.max(0, issuedAt - observedAt),
  };
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

function level(value: unknown): Level {
  const known = LEVELS.find((candidate) => candidate === value);
  if (!known) throw new StatementError('the level is not known');
  return known;
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new StatementError('a text is missing');
  return value.slice(0, TEXT_LENGTH);
}

/** One sentence or a list of them. */
function sentences(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return list(Array.isArray(value) ? value : [value], MOST_SENTENCES, 'sentences').map(text);
}

/** Seconds since the epoch, from a number or an ISO 8601 date; null if neither. */
function seconds(value: unknown): number | null {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'string') return null;
  const milliseconds = Date.parse(value);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000;
}
