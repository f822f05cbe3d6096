/** What the badge says, from the last reading and the time: pure, so that every case is tested. */

import { ageInWords } from '../duration';
import type { Statement } from './statement';

/** Times are milliseconds of one clock that only this page reads. */
export type Reading =
  | { state: 'checking' }
  | { state: 'answered'; statement: Statement; at: number }
  | { state: 'failed'; reason: 'unreachable' | 'unreadable'; at: number };

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

export function viewOf(reading: Reading, now: number): BadgeView {
  if (reading.state === 'checking') {
    return {
      tone: 'waiting',
      label: 'Checking the server',
      short: 'Checking',
      age: '',
      title: 'Checking what this server guarantees',
      meaning: 'The server has been asked for its evidence and has not answered yet.',
    };
  }
  const age = ageInWords(now - reading.at);
  if (reading.state === 'failed') {
    return {
      tone: 'alarm',
      label: 'No evidence right now',
      short: 'No evidence',
      age: `tried ${age}`,
      title: 'This server shows no evidence right now',
      meaning:
        (reading.reason === 'unreachable'
          ? 'The server did not answer the question about its guarantee. '
          : 'The server answered with something that is not a guarantee statement. ') +
        'Missing evidence counts as not held: treat this call as one the server could record.',
    };
  }
  if (now - reading.at > STALE_AFTER_MS) {
    return {
      tone: 'warning',
      label: 'Evidence is out of date',
      short: 'Out of date',
      age: `checked ${age}`,
      title: 'The last evidence is out of date',
      meaning: 'This page is asking the server again.',
    };
  }
  return { ...levelWords[reading.statement.level], age: `checked ${age}` };
}

const levelWords: Record<Statement['level'], Omit<BadgeView, 'age'>> = {
  full: {
    tone: 'calm',
    label: 'Recording is blocked here',
    short: 'Recording blocked',
    title: 'Recording is blocked on this server',
    meaning:
      'The processes that carry sound and video here are locked by the operating system: they can open or ' +
      'write no file, start no program and open no connection of their own. Participants can still record ' +
      'on their own devices.',
  },
  reduced: {
    tone: 'warning',
    label: 'Blocked by fewer locks',
    short: 'Fewer locks',
    title: 'Recording is blocked on this server by fewer locks than usual',
    meaning:
      'One of the locks that keep this server from recording is not available on its machine; the others ' +
      'hold. Participants can still record on their own devices.',
  },
  none: {
    tone: 'alarm',
    label: 'Recording is not blocked',
    short: 'Not blocked',
    title: 'Recording is not blocked on this server',
    meaning:
      'This server does not show that its locks hold, as on a development machine without them. Treat this ' +
      'call as one the server could record. Participants can record on their own devices too.',
  },
};
