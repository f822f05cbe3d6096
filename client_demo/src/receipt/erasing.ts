/** The button that has everything erased, the question before, and what came of it. */

import { make } from '../dom';
import { counted } from '../duration';
import { erase } from './erasure';
import type { Receipt } from './receipt';
import { save } from './save';

/** A part of the panel that goes from the button to the question to the outcome. */
export function drawErasing(receipt: Receipt): HTMLElement {
  const root = make('div', 'erasing');
  const outcome = make('p', 'quiet');
  outcome.setAttribute('role', 'status');
  const offer = button('Erase what is kept', 'erase');
  offer.addEventListener('click', () => ask());
  root.append(offer, outcome);
  return root;

  function ask(): void {
    outcome.textContent = '';
    const question = make('div', 'question');
    question.setAttribute('role', 'group');
    question.setAttribute('aria-label', 'Erase what is kept');
    const entries = counted(receipt.entries.length, 'entry', 'entries');
    const words = make('p', '', `Erase ${entries} about you in this room, for good? Save the receipt first if you want one.`);
    const yes = button('Erase', 'erase-yes');
    const no = button('Keep', 'erase-no');
    yes.addEventListener('click', () => void act(question, yes, no));
    no.addEventListener('click', () => {
      question.replaceWith(offer);
      offer.focus();
    });
    question.append(words, yes, no);
    offer.replaceWith(question);
    no.focus();
  }

  async function act(question: HTMLElement, yes: HTMLButtonElement, no: HTMLButtonElement): Promise<void> {
    yes.disabled = no.disabled = true;
    outcome.textContent = 'Erasing…';
    const answer = await erase(receipt.token);
    if (answer.kind === 'refused') {
      outcome.textContent = answer.message;
      question.replaceWith(offer);
      offer.focus();
      return;
    }
    outcome.textContent = `${counted(answer.rows, 'entry', 'entries')} erased. ${answer.says}`;
    const keep = button('Save the receipt of this erasure', 'save-erasure');
    keep.addEventListener('click', () => save('offrecord-erasure.json', answer.file));
    root.dispatchEvent(new CustomEvent('erased', { bubbles: true }));
    question.replaceWith(keep);
    keep.focus();
  }
}

function button(words: string, testId: string): HTMLButtonElement {
  const made = make('button', 'small', words);
  made.type = 'button';
  made.dataset['testid'] = testId;
  return made;
}
