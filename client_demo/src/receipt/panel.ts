/** Shows a receipt, and saves it as a file. */

import { inEnglish, make } from '../dom';
import { languageQuery } from '../languages/choice';
import { locale, phrase } from '../languages/language';
import { drawErasing } from './erasing';
import type { Receipt } from './receipt';
import { save } from './save';
import { entriesInWords, receiptTitle } from './words';

/** Fills `root` as soon as there is an answer; says so plainly where there is none. */
export async function drawReceipt(root: HTMLElement, answer: Promise<Receipt | null>): Promise<void> {
  const waiting = make('p', 'quiet', phrase('receipt.asking'));
  waiting.setAttribute('role', 'status');
  root.replaceChildren(waiting);
  const receipt = await answer;
  if (receipt) root.replaceChildren(...contents(receipt));
  else waiting.textContent = phrase('receipt.unsaid');
}

function contents(receipt: Receipt): Node[] {
  const details = make('details', 'receipt');
  const title = make('summary', '', receiptTitle(receipt, day));
  const list = make('div', 'kept');
  const name = make('p', 'quiet', phrase('receipt.name', { name: receipt.identity }));
  list.append(inEnglish(make('p', 'quiet', receipt.says)), name);
  if (receipt.entries.length > 0) list.append(entryTable(receipt, moment));
  details.append(title, list);
  details.addEventListener('erased', () => {
    title.textContent = phrase('receipt.erased');
    list.remove();
  });
  details.append(make('h3', '', phrase('receipt.notKept')));
  const notKept = make('ul', 'sentences');
  notKept.append(...receipt.notKept.map((sentence) => inEnglish(make('li', '', sentence))));
  details.append(notKept, ...saving(receipt));
  return [details];
}

/** What is kept, in words; `when` says a moment. */
export function entryTable({ entries }: Receipt, when: (date: Date) => string): HTMLElement {
  const element = make('table');
  const heads = make('tr');
  for (const title of ['receipt.when', 'receipt.what', 'receipt.deleted'] as const) {
    const head = make('th', '', phrase(title));
    head.scope = 'col';
    heads.append(head);
  }
  element.createTHead().append(heads);
  const body = element.createTBody();
  const words = entriesInWords(entries);
  entries.forEach((entry, index) => {
    const row = body.insertRow();
    row.append(make('td', '', when(entry.at)), make('td', '', words[index]), make('td', '', day(entry.deletedAt)));
  });
  return element;
}

function saving(receipt: Receipt): HTMLElement[] {
  const button = make('button', 'small', phrase('receipt.save'));
  button.type = 'button';
  button.dataset['testid'] = 'save-receipt';
  button.addEventListener('click', () => save('offrecord-receipt.json', receipt.file));
  const hint = make('p', 'quiet', `${phrase('receipt.hint')} `);
  const later = make('a', '', phrase('receipt.later'));
  later.href = `rights${languageQuery()}`;
  later.target = '_blank';
  later.rel = 'noopener';
  hint.append(later);
  return receipt.entries.length > 0 ? [button, hint, drawErasing(receipt)] : [button, hint];
}

function day(date: Date): string {
  return date.toLocaleDateString(locale(), { dateStyle: 'medium' });
}

function moment(date: Date): string {
  return date.toLocaleTimeString(locale());
}
