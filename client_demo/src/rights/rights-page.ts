/** Opens a receipt, shows what the server keeps now, and has it changed. Nothing is stored but in memory. */

import { make, part, say, tell } from '../dom';
import { counted } from '../duration';
import { button, drawAsking } from '../receipt/asking';
import { type Change, correct, erase, objectToDetails } from '../receipt/change';
import { entryTable } from '../receipt/panel';
import { fetchReceipt, type Receipt } from '../receipt/receipt';
import { save } from '../receipt/save';
import { receiptTitle } from '../receipt/words';
import { type Opened, tokenOfFile, tokenOfText } from './saved';

type Done = Change & { kind: 'done' };

export class RightsPage {
  private readonly form = part(document, 'form', HTMLFormElement);
  private readonly file = part(document, 'file', HTMLInputElement);
  private readonly token = part(document, 'token', HTMLTextAreaElement);
  private readonly error = part(document, 'error', HTMLElement);
  private readonly status = part(document, 'status', HTMLElement);
  private readonly found = part(document, 'found', HTMLElement);
  private readonly deeds = part(document, 'deeds', HTMLElement);
  private readonly answers = part(document, 'answers', HTMLElement);
  private readonly name = part(document, 'name', HTMLInputElement);
  private receipt: Receipt | null = null;
  /** A correction that was not saved: its token alone opens what is kept now. */
  private unsaved = false;

  constructor() {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.open();
    });
    part(document, 'correct-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.correct();
    });
    part(document, 'save', HTMLButtonElement).addEventListener('click', () => {
      if (this.receipt) save('offrecord-receipt.json', this.receipt.file);
      this.unsaved = false;
    });
    part(document, 'close', HTMLButtonElement).addEventListener('click', () => this.close());
    window.addEventListener('beforeunload', (event) => {
      if (this.unsaved) event.preventDefault();
    });
  }

  private async open(): Promise<void> {
    const chosen = this.file.files?.[0];
    const opened: Opened = chosen ? await tokenOfFile(chosen) : tokenOfText(this.token.value);
    if (opened.kind === 'not') return this.refuse(opened.message, chosen ? this.file : this.token);
    say(this.error, '');
    tell(this.status, 'Asking the server…');
    const refusal = await this.show(opened.token);
    if (refusal) return this.refuse(refusal, chosen ? this.file : this.token);
    this.form.reset();
    this.form.hidden = true;
    part(document, 'title', HTMLElement).focus();
  }

  private refuse(message: string, field: HTMLElement): void {
    tell(this.status, '');
    say(this.error, message);
    field.focus();
  }

  /** Draws what is kept now. The server's words where it refuses. */
  private async show(token: string): Promise<string> {
    const answer = await fetchReceipt(token);
    if (answer.kind === 'refused') return answer.message;
    const { receipt } = answer;
    this.receipt = receipt;
    const some = receipt.entries.length > 0;
    tell(part(document, 'title', HTMLElement), receiptTitle(receipt, day));
    tell(part(document, 'says', HTMLElement), receipt.says);
    tell(
      part(document, 'whose', HTMLElement),
      `In the room “${receipt.room}”, under the name “${receipt.identity}”.`,
    );
    part(document, 'entries', HTMLElement).replaceChildren(...(some ? [entryTable(receipt, moment)] : []));
    part(document, 'not-kept', HTMLElement).replaceChildren(
      ...receipt.notKept.map((sentence) => make('li', '', sentence)),
    );
    tell(part(document, 'json', HTMLElement), receipt.file);
    part(document, 'erase', HTMLElement).replaceChildren(this.erasing(receipt));
    part(document, 'object', HTMLElement).replaceChildren(this.objecting(receipt));
    this.name.value = '';
    this.found.hidden = false;
    this.deeds.hidden = !some;
    tell(this.status, receiptTitle(receipt, day));
    return '';
  }

  private erasing(receipt: Receipt): HTMLElement {
    const entries = counted(receipt.entries.length, 'entry', 'entries');
    return drawAsking({
      offer: 'Erase what is kept',
      question: `Erase ${entries} about you in this room, for good? Save the receipt first if you want one.`,
      yes: 'Erase',
      no: 'Keep',
      waiting: 'Erasing…',
      testId: 'erase',
      act: () => erase(receipt.token),
      done: (change) => {
        void this.done(change, 'erased', receipt.token, 'erasure');
        return null;
      },
    });
  }

  private objecting(receipt: Receipt): HTMLElement {
    return drawAsking({
      offer: 'Object to details',
      question: 'Erase what was noted moment by moment, for good?',
      yes: 'Object',
      no: 'Leave it',
      waiting: 'Erasing…',
      testId: 'object',
      act: () => objectToDetails(receipt.token),
      done: (change) => {
        void this.done(change, 'erased', receipt.token, 'objection');
        return null;
      },
    });
  }

  private async correct(): Promise<void> {
    const error = part(document, 'correct-error', HTMLElement);
    const press = part(document, 'correct', HTMLButtonElement);
    const name = this.name.value.trim();
    if (!name || !this.receipt) {
      say(error, 'Write the name that is to be kept.');
      this.name.focus();
      return;
    }
    say(error, '');
    tell(this.status, 'Correcting…');
    press.disabled = true;
    const change = await correct(this.receipt.token, name);
    press.disabled = false;
    if (change.kind === 'refused') {
      tell(this.status, '');
      say(error, change.message);
      this.name.focus();
      return;
    }
    this.unsaved = true;
    await this.done(change, 'corrected', change.token, 'correction');
  }

  /** Adds the signed answer to the list, and shows what is kept since. */
  private async done(change: Done, deed: string, token: string, answer: string): Promise<void> {
    const item = make('li');
    const keep = button('Save the signed answer', `save-${answer}`);
    keep.addEventListener('click', () => {
      save(`offrecord-${answer}.json`, change.file);
      this.unsaved = false;
    });
    item.append(make('p', '', `${counted(change.rows, 'entry', 'entries')} ${deed}. ${change.says}`));
    if (change.token) {
      const words = 'Save it: only this answer, or a receipt saved from now on, opens what is kept. The one that you have does not.';
      item.append(make('p', 'help', words));
    }
    item.append(keep);
    part(document, 'answer-list', HTMLElement).append(item);
    this.answers.hidden = false;
    part(document, 'answers-title', HTMLElement).focus();
    const refusal = await this.show(token);
    tell(this.status, refusal || `Done: ${counted(change.rows, 'entry', 'entries')} ${deed}.`);
  }

  /** As if the page had just been opened; what was done stays to be saved. */
  private close(): void {
    this.receipt = null;
    this.found.hidden = this.deeds.hidden = true;
    part(document, 'entries', HTMLElement).replaceChildren();
    tell(part(document, 'json', HTMLElement), '');
    tell(this.status, '');
    this.form.hidden = false;
    this.file.focus();
  }
}

function day(date: Date): string {
  return date.toLocaleDateString(undefined, { dateStyle: 'medium' });
}

function moment(date: Date): string {
  return date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}
