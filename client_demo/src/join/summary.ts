/** What a call was, told to the person who left it. Computed here and forgotten with the page. */

import { make } from '../dom';
import { counted, durationInWords } from '../duration';
import { drawReceipt } from '../receipt/panel';
import type { Receipt } from '../receipt/receipt';

export interface CallSummary {
  room: string;
  milliseconds: number;
  /** How many others were there at any time. */
  others: number;
  /** Why it ended, where it was not the person's own choice; else empty. */
  reason: string;
  /** What to name to the operator if something was wrong; empty if there is none. */
  supportCode: string;
  /** It was encrypted end to end, and the join page has its key. */
  encrypted: boolean;
  /** What the server keeps about it; null if it does not say. */
  receipt: Promise<Receipt | null>;
}

export function summaryTitle(summary: CallSummary): string {
  return summary.reason || `You left “${summary.room}”`;
}

export function summaryText(summary: CallSummary): string {
  const company =
    summary.others === 0 ? 'Nobody else was there' : `You met ${counted(summary.others, 'other person', 'other people')}`;
  const support = summary.reason && summary.supportCode ? ` Support code: ${summary.supportCode}.` : '';
  return `You were in “${summary.room}” for ${durationInWords(summary.milliseconds)}. ${company}.${support}`;
}

export function keptInWords(encrypted: boolean): string {
  return encrypted
    ? 'This page keeps nothing of the call but its key, for you to come back, until you close it.'
    : 'This page keeps nothing of the call.';
}

export function drawSummary(root: HTMLElement, summary: CallSummary | null): void {
  root.hidden = summary === null;
  if (!summary) return;
  root.dataset['tone'] = summary.reason ? 'warning' : 'calm';
  const receipt = make('div');
  void drawReceipt(receipt, summary.receipt);
  root.replaceChildren(
    make('h2', '', summaryTitle(summary)),
    make('p', '', summaryText(summary)),
    make('p', 'quiet', `Your camera and microphone are closed. ${keptInWords(summary.encrypted)}`),
    receipt,
  );
}
