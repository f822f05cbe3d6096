/** Shows a receipt, and saves it as a file. */

import { make } from '../dom';
import { drawErasing } from './erasing';
import type { Receipt } from './receipt';
import { save } from './save';
import { entriesInWords, receiptTitle } from './words';

/** Fills `root` as soon as there is an answer; says so plainly where there is none. */
export async function drawReceipt(root: HTMLElement, answer: Promise<Receipt | null>): Promise<void> {
  const waiting = make('p', 'quiet', 'Asking the server what it keeps about you…');
  waiting.setAttribute('role', 'status');
  root.replaceChildren(waiting);
  const receipt = await answer;
  if (receipt) root.replaceChildren(...contents(receipt));
  else waiting.textContent = 'The server does not say what it keeps about you right now.';
}

function contents(receipt: Receipt): Node[] {
  const details = make('details', 'receipt');
  const title = make('summary', '', receiptTitle(receipt, day));
  const list = make('div', 'kept');
  list.append(make('p', 'quiet', receipt.says), make('p', 'quiet', `It is kept under the name “${receipt.identity}”.`));
  if (receipt.entries.length > 0) list.append(entryTable(receipt, moment));
  details.append(title, list);
  details.addEventListener('erased', () => {
    title.textContent = 'What was kept about you in this room has been erased';
    list.remove();
  });
  details.append(make('h3', '', 'Not kept'));
  const notKept = make('ul', 'sentences');
  notKept.append(...receipt.notKept.map((sentence) => make('li', '', sentence)));
  details.append(notKept, ...saving(receipt));
  return [details];
}

/** What is kept, in words; `when` says a moment. */
export function entryTable({ entries }: Receipt, when: (date: Date) => string): HTMLElement {
  const element = make('table');
  const heads = make('tr');
  for (const title of ['When', 'What', 'Deleted']) {
    const head = make('th', '', title);
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
  const button = make('button', 'small', 'Save this receipt');
  button.type = 'button';
  button.dataset['testid'] = 'save-receipt';
  button.addEventListener('click', () => save('offrecord-receipt.json', receipt.file));
  const hint = make(
    'p',
    'quiet',
    'The file is signed by the server. It holds a key with which anybody can see this list again, and have it changed or erased, so keep it to yourself. ',
  );
  const later = make('a', '', 'Open it later on this page.');
  later.href = 'rights';
  later.target = '_blank';
  later.rel = 'noopener';
  hint.append(later);
  return receipt.entries.length > 0 ? [button, hint, drawErasing(receipt)] : [button, hint];
}

function day(date: Date): string {
  return date.toLocaleDateString(undefined, { dateStyle: 'medium' });
}

function moment(date: Date): string {
  return date.toLocaleTimeString();
}
