/** A button that cannot be undone: it asks before it acts, and says what came of it. */

import { inEnglish, make } from '../dom';
import type { Change } from './change';

export interface Question {
  /** The button, and the name of the question for those who listen. */
  offer: string;
  question: string;
  yes: string;
  no: string;
  waiting: string;
  /** Test ids are this, and this with `-yes` and `-no`. */
  testId: string;
  act: () => Promise<Change>;
  /** What to show and to focus once it is done; null: the button stays. */
  done: (change: Change & { kind: 'done' }, outcome: HTMLElement) => HTMLElement | null;
}

/** Goes from the button to the question to the outcome. */
export function drawAsking(asked: Question): HTMLElement {
  const root = make('div', 'asking');
  const outcome = make('p', 'quiet');
  outcome.setAttribute('role', 'status');
  const offer = button(asked.offer, asked.testId);
  offer.addEventListener('click', () => ask());
  root.append(offer, outcome);
  return root;

  function ask(): void {
    outcome.textContent = '';
    const question = make('div', 'question');
    question.setAttribute('role', 'group');
    question.setAttribute('aria-label', asked.offer);
    const yes = button(asked.yes, `${asked.testId}-yes`);
    const no = button(asked.no, `${asked.testId}-no`);
    yes.addEventListener('click', () => void act(question, yes, no));
    no.addEventListener('click', () => back(question));
    question.append(make('p', '', asked.question), yes, no);
    offer.replaceWith(question);
    no.focus();
  }

  async function act(question: HTMLElement, yes: HTMLButtonElement, no: HTMLButtonElement): Promise<void> {
    yes.disabled = no.disabled = true;
    outcome.removeAttribute('lang');
    outcome.removeAttribute('dir');
    outcome.textContent = asked.waiting;
    const change = await asked.act();
    if (change.kind === 'refused') {
      if (change.quoted) inEnglish(outcome);
      outcome.textContent = change.message;
      back(question);
      return;
    }
    outcome.textContent = '';
    const shown = asked.done(change, outcome);
    if (shown) {
      question.replaceWith(shown);
      shown.focus();
    } else {
      question.replaceWith(offer);
    }
  }

  function back(question: HTMLElement): void {
    question.replaceWith(offer);
    offer.focus();
  }
}

export function button(words: string, testId: string): HTMLButtonElement {
  const made = make('button', 'small', words);
  made.type = 'button';
  made.dataset['testid'] = testId;
  return made;
}
