/** What the badge says, from the last reading and the time: pure, so that every case is tested. */

import { ageInWords } from '../duration';
import { phrase } from '../languages/language';
import type { Level, Statement } from './statement';

export type FailedReason = 'unreachable' | 'unreadable' | 'forged' | 'replayed' | 'dated' | 'other-key';

/** Times are milliseconds of one clock that only this page reads. */
export type Reading = { state: 'checking' } | Answered | { state: 'failed'; reason: FailedReason; at: number };

export interface Answered {
  state: 'answered';
  statement: Statement;
  /** The key that signed it; null where this browser cannot check signatures. */
  kid: string | null;
  /** Whether the statement names the relay of the call, or there is no call. */
  placed: boolean;
  at: number;
}

export type Tone = 'waiting' | 'calm' | 'warning' | 'alarm';

export interface BadgeView {
  tone: Tone;
  /** On the badge. */
  label: string;
  /** On the badge where there is little room. */
  short: string;
  /** Beside the label; changes every second and is not announced. */
  age: string;
  /** First line of the details. */
  title: string;
  /** Plain words below it. */
  meaning: string;
}

/** Three questions went unanswered, or the machine slept: no longer evidence of now. */
export const STALE_AFTER_MS = 30_000;

/** What there is to say, apart from when: the messages of `reading` begin with it. */
type State = 'checking' | 'stale' | 'unchecked' | 'elsewhere' | 'forged' | 'otherKey' | Level;

/** Failures that are told as one, each with its own meaning. */
type Nothing = 'unreachable' | 'unreadable' | 'replayed' | 'dated';

const TONES: Record<State, Tone> = {
  checking: 'waiting',
  full: 'calm',
  reduced: 'warning',
  stale: 'warning',
  unchecked: 'warning',
  elsewhere: 'warning',
  none: 'alarm',
  forged: 'alarm',
  otherKey: 'alarm',
};

export function viewOf(reading: Reading, now: number): BadgeView {
  if (reading.state === 'checking') return { ...said('checking'), age: '' };
  const age = ageInWords(now - reading.at);
  if (reading.state === 'answered') return { ...said(stateOf(reading, now)), age: phrase('badge.ageChecked', { age }) };
  const tried = phrase('badge.ageTried', { age });
  if (reading.reason === 'forged') return { ...said('forged'), age: tried };
  return { ...(reading.reason === 'other-key' ? said('otherKey') : noEvidence(reading.reason)), age: tried };
}

function stateOf(reading: Answered, now: number): State {
  const { level } = reading.statement;
  if (now - reading.at > STALE_AFTER_MS) return 'stale';
  if (level === 'none') return level;
  if (reading.kid === null) return 'unchecked';
  return reading.placed ? level : 'elsewhere';
}

function said(state: State): Omit<BadgeView, 'age'> {
  return {
    tone: TONES[state],
    label: phrase(`reading.${state}Label`),
    short: phrase(`reading.${state}Short`),
    title: phrase(`reading.${state}Title`),
    meaning: phrase(`reading.${state}Meaning`),
  };
}

function noEvidence(why: Nothing): Omit<BadgeView, 'age'> {
  return {
    tone: 'alarm',
    label: phrase('reading.nothingLabel'),
    short: phrase('reading.nothingShort'),
    title: phrase('reading.nothingTitle'),
    meaning: phrase(`reading.${why}Meaning`),
  };
}

/** What was seen, and how long before the statement. With nothing before it, what follows something seen. */
export function dated(what: string, ageSeconds: number | null): string {
  return ageSeconds === null ? what : phrase('badge.dated', { what, age: ageInWords(ageSeconds * 1000) });
}

/** What an expert asks first, as name and value. */
export function factsOf({ statement, kid }: Answered): [string, string][] {
  const { room, version, code } = statement;
  const facts: [string, string][] = [
    [phrase('badge.signature'), phrase(kid === null ? 'badge.unchecked' : 'badge.checked')],
    [phrase('badge.key'), kid ?? ''],
    [phrase('badge.thisCall'), room?.relay ? phrase('badge.runsOn', { relay: room.relay }) : ''],
    [phrase('badge.server'), version && phrase('badge.version', { version })],
    [phrase('badge.code'), code],
  ];
  return facts.filter(([, value]) => value !== '');
}
