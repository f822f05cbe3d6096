/** What the badge says, from the last reading and the time: pure, so that every case is tested. */

import { ageInWords } from '../duration';
import type { Incident, Statement } from './statement';

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

type Words = Omit<BadgeView, 'age'>;

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
  if (reading.state === 'failed') return { ...failedWords[reading.reason], age: `tried ${age}` };
  return { ...answeredWords(reading, now), age: `checked ${age}` };
}

function answeredWords(reading: Answered, now: number): Words {
  const { level } = reading.statement;
  if (now - reading.at > STALE_AFTER_MS) return outOfDate;
  if (level === 'none') return levelWords.none;
  if (reading.kid === null) return unchecked;
  if (!reading.placed) return elsewhere;
  return levelWords[level];
}

const CAUTION = 'Missing evidence counts as not held: treat this call as one the server could record.';

function noEvidence(why: string): Words {
  return {
    tone: 'alarm',
    label: 'No evidence right now',
    short: 'No evidence',
    title: 'This server shows no evidence right now',
    meaning: `${why} ${CAUTION}`,
  };
}

const failedWords: Record<FailedReason, Words> = {
  unreachable: noEvidence('The server did not answer the question about its guarantee.'),
  unreadable: noEvidence('The server answered with something that is not a guarantee statement.'),
  replayed: noEvidence('The server answered with a statement that was made for another question.'),
  dated: noEvidence(
    'The server answered with a statement that is not of now, or the clock of this device is wrong by more than an hour.',
  ),
  forged: {
    tone: 'alarm',
    label: 'Signature is wrong',
    short: 'Signature wrong',
    title: 'The evidence does not carry this server’s signature',
    meaning: `Somebody on the way may have changed it, or the server is set up wrongly. ${CAUTION}`,
  },
  'other-key': {
    tone: 'alarm',
    label: 'Signed by another key',
    short: 'Other key',
    title: 'The evidence is signed by another key than before in this call',
    meaning:
      'That happens when the operator replaces the key, and when another server answers in its place. This page ' +
      'cannot tell which. Ask the operator, or treat this call as one the server could record.',
  },
};

const outOfDate: Words = {
  tone: 'warning',
  label: 'Evidence is out of date',
  short: 'Out of date',
  title: 'The last evidence is out of date',
  meaning: 'This page is asking the server again.',
};

const unchecked: Words = {
  tone: 'warning',
  label: 'Signature not checked',
  short: 'Not checked',
  title: 'The server’s signature could not be checked here',
  meaning:
    'The server says that recording is blocked on it, but this browser cannot check who signed that: it needs a ' +
    'page loaded over HTTPS, and Ed25519. Participants can still record on their own devices.',
};

const elsewhere: Words = {
  tone: 'warning',
  label: 'This call is not shown',
  short: 'Call not shown',
  title: 'The evidence does not name the process that carries this call',
  meaning:
    'The server shows evidence, but does not say on which of its processes this call runs. That is so for a moment ' +
    'after a process was replaced. Participants can still record on their own devices.',
};

const levelWords: Record<Statement['level'], Words> = {
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

export function incidentWords({ says, ageSeconds }: Incident): string {
  const sentence = says.charAt(0).toUpperCase() + says.slice(1);
  return ageSeconds === null ? sentence : `${sentence}, ${ageInWords(ageSeconds * 1000)}`;
}

/** What an expert asks first, as name and value. */
export function factsOf({ statement, kid }: Answered): [string, string][] {
  const { room, version, code } = statement;
  const facts: [string, string][] = [
    ['Signature', kid === null ? 'not checked in this browser' : 'Ed25519, checked in this browser'],
    ['Key', kid ?? ''],
    ['This call', room?.relay ? `runs on relay ${room.relay}` : ''],
    ['Server', version && `version ${version}, by its own word`],
    ['Code', code],
  ];
  return facts.filter(([, value]) => value !== '');
}
