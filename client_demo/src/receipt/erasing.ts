/** The button of the panel after a call that has everything erased. */

import { counted } from '../duration';
import { button, drawAsking } from './asking';
import { erase } from './change';
import type { Receipt } from './receipt';
import { save } from './save';

/** Dispatches `erased`, which bubbles, once nothing is left of what the receipt lists. */
export function drawErasing(receipt: Receipt): HTMLElement {
  const entries = counted(receipt.entries.length, 'entry', 'entries');
  const root = drawAsking({
    offer: 'Erase what is kept',
    question: `Erase ${entries} about you in this room, for good? Save the receipt first if you want one.`,
    yes: 'Erase',
    no: 'Keep',
    waiting: 'Erasing…',
    testId: 'erase',
    act: () => erase(receipt.token),
    done: (change, outcome) => {
      outcome.textContent = `${counted(change.rows, 'entry', 'entries')} erased. ${change.says}`;
      const keep = button('Save the receipt of this erasure', 'save-erasure');
      keep.addEventListener('click', () => save('offrecord-erasure.json', change.file));
      root.dispatchEvent(new CustomEvent('erased', { bubbles: true }));
      return keep;
    },
  });
  return root;
}
