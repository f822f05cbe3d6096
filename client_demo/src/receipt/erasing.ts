/** The button of the panel after a call that has everything erased. */

import { inEnglish, make } from '../dom';
import { phrase } from '../languages/language';
import { button, drawAsking } from './asking';
import { erase } from './change';
import type { Receipt } from './receipt';
import { save } from './save';

/** Dispatches `erased`, which bubbles, once nothing is left of what the receipt lists. */
export function drawErasing(receipt: Receipt): HTMLElement {
  const root = drawAsking({
    offer: phrase('receipt.eraseOffer'),
    question: phrase('receipt.eraseQuestion', { count: receipt.entries.length }),
    yes: phrase('receipt.eraseYes'),
    no: phrase('receipt.eraseNo'),
    waiting: phrase('receipt.erasing'),
    testId: 'erase',
    act: () => erase(receipt.token),
    done: (change, outcome) => {
      const erased = phrase('receipt.erasedEntries', { count: change.rows });
      outcome.replaceChildren(erased, ' ', inEnglish(make('span', '', change.says)));
      const keep = button(phrase('receipt.saveErasure'), 'save-erasure');
      keep.addEventListener('click', () => save('offrecord-erasure.json', change.file));
      root.dispatchEvent(new CustomEvent('erased', { bubbles: true }));
      return keep;
    },
  });
  return root;
}
