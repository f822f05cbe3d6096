/** What a call was, told to the person who left it. Computed here and forgotten with the page. */

import type { DisconnectReason } from 'livekit-client';

import { endOf } from '../call/words';
import { make } from '../dom';
import { durationInWords } from '../duration';
import { phrase } from '../languages/language';
import { drawReceipt } from '../receipt/panel';
import type { Receipt } from '../receipt/receipt';

export interface CallSummary {
  room: string;
  milliseconds: number;
  /** How many others were there at any time. */
  others: number;
  reason: DisconnectReason | undefined;
  /** What to name to the operator if something was wrong; empty if there is none. */
  supportCode: string;
  /** It was encrypted end to end, and the join page has its key. */
  encrypted: boolean;
  /** What the server keeps about it; null if it does not say. */
  receipt: Promise<Receipt | null>;
}

export function summaryTitle(summary: CallSummary): string {
  return endOf(summary.reason) || phrase('summary.title', { room: summary.room });
}

export function summaryText({ room, milliseconds, others, reason, supportCode }: CallSummary): string {
  return [
    phrase('summary.duration', { room, duration: durationInWords(milliseconds) }),
    others === 0 ? phrase('summary.alone') : phrase('summary.met', { count: others }),
    endOf(reason) && supportCode ? phrase('summary.code', { code: supportCode }) : '',
  ]
    .filter(Boolean)
    .join(' ');
}

export function keptInWords(encrypted: boolean): string {
  return phrase(encrypted ? 'summary.keptKey' : 'summary.kept');
}

export function drawSummary(root: HTMLElement, summary: CallSummary | null): void {
  root.hidden = summary === null;
  if (!summary) return;
  root.dataset['tone'] = endOf(summary.reason) ? 'warning' : 'calm';
  const receipt = make('div');
  void drawReceipt(receipt, summary.receipt);
  root.replaceChildren(
    make('h2', '', summaryTitle(summary)),
    make('p', '', summaryText(summary)),
    make('p', 'quiet', `${phrase('summary.closed')} ${keptInWords(summary.encrypted)}`),
    receipt,
  );
}
