/** Opens a receipt, shows what the server keeps now, and has it changed. Nothing is stored but in memory. */

import { inEnglish, make, part, say, sayOrQuote, tell } from '../dom';
import { locale, phrase } from '../languages/language';
import { button, drawAsking } from '../receipt/asking';
import { type Change, correct, erase, objectToDetails } from '../receipt/change';
import { entryTable } from '../receipt/panel';
import { fetchReceipt, type Receipt } from '../receipt/receipt';
import { save } from '../receipt/save';
import { receiptTitle } from '../receipt/words';
import { type Opened, tokenOfFile, tokenOfText } from './saved';

type Done = Change & { kind: 'done' };
type Refusal = { message: string; quoted?: true };

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
    tell(this.status, phrase('rights.asking'));
    const refusal = await this.show(opened.token);
    if (refusal) return this.refuse(refusal.message, chosen ? this.file : this.token, refusal.quoted);
    this.form.reset();
    this.form.hidden = true;
    part(document, 'title', HTMLElement).focus();
  }

  private refuse(message: string, field: HTMLElement, quoted = false): void {
    tell(this.status, '');
    sayOrQuote(this.error, message, quoted);
    field.focus();
  }

  /** Draws what is kept now. Why not, where the server refuses. */
  private async show(token: string): Promise<Refusal | null> {
    const answer = await fetchReceipt(token);
    if (answer.kind === 'refused') return answer;
    const { receipt } = answer;
    this.receipt = receipt;
    const some = receipt.entries.length > 0;
    tell(part(document, 'title', HTMLElement), receiptTitle(receipt, day));
    sayOrQuote(part(document, 'says', HTMLElement), receipt.says, true);
    tell(
      part(document, 'whose', HTMLElement),
      phrase('rights.whose', { room: receipt.room, name: receipt.identity }),
    );
    part(document, 'entries', HTMLElement).replaceChildren(...(some ? [entryTable(receipt, moment)] : []));
    part(document, 'not-kept', HTMLElement).replaceChildren(
      ...receipt.notKept.map((sentence) => inEnglish(make('li', '', sentence))),
    );
    tell(part(document, 'json', HTMLElement), receipt.file);
    part(document, 'erase', HTMLElement).replaceChildren(this.erasing(receipt));
    part(document, 'object', HTMLElement).replaceChildren(this.objecting(receipt));
    this.name.value = '';
    this.found.hidden = false;
    this.deeds.hidden = !some;
    tell(this.status, receiptTitle(receipt, day));
    return null;
  }

  private erasing(receipt: Receipt): HTMLElement {
    return drawAsking({
      offer: phrase('receipt.eraseOffer'),
      question: phrase('receipt.eraseQuestion', { count: receipt.entries.length }),
      yes: phrase('receipt.eraseYes'),
      no: phrase('receipt.eraseNo'),
      waiting: phrase('receipt.erasing'),
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
      offer: phrase('rights.objectOffer'),
      question: phrase('rights.objectQuestion'),
      yes: phrase('rights.objectYes'),
      no: phrase('rights.objectNo'),
      waiting: phrase('receipt.erasing'),
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
      sayOrQuote(error, phrase('rights.nameless'), false);
      this.name.focus();
      return;
    }
    say(error, '');
    tell(this.status, phrase('rights.correcting'));
    press.disabled = true;
    const change = await correct(this.receipt.token, name);
    press.disabled = false;
    if (change.kind === 'refused') {
      tell(this.status, '');
      sayOrQuote(error, change.message, change.quoted === true);
      this.name.focus();
      return;
    }
    this.unsaved = true;
    await this.done(change, 'corrected', change.token, 'correction');
  }

  /** Adds the signed answer to the list, and shows what is kept since. */
  private async done(change: Done, deed: 'erased' | 'corrected', token: string, answer: string): Promise<void> {
    const item = make('li');
    const keep = button(phrase('rights.saveAnswer'), `save-${answer}`);
    keep.addEventListener('click', () => {
      save(`offrecord-${answer}.json`, change.file);
      this.unsaved = false;
    });
    const what = make('p');
    const count = { count: change.rows };
    const said = deed === 'erased' ? phrase('receipt.erasedEntries', count) : phrase('rights.corrected', count);
    what.append(said, ' ', inEnglish(make('span', '', change.says)));
    item.append(what);
    if (change.token) {
      item.append(make('p', 'help', phrase('rights.saveIt')));
    }
    item.append(keep);
    part(document, 'answer-list', HTMLElement).append(item);
    this.answers.hidden = false;
    part(document, 'answers-title', HTMLElement).focus();
    const refusal = await this.show(token);
    const done = deed === 'erased' ? phrase('rights.doneErased', count) : phrase('rights.doneCorrected', count);
    tell(this.status, refusal?.message ?? done);
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
  return date.toLocaleDateString(locale(), { dateStyle: 'medium' });
}

function moment(date: Date): string {
  return date.toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'medium' });
}
