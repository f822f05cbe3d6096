/** Dialogs over the call: opened by a button, closed by their own, by Escape, or beside them. */

import { part, tell } from '../dom';

/** Binds `<name>-button`, `<name>-close` and the dialog `<name>` inside `root`. */
export function bindDialog(root: HTMLElement, name: string): HTMLDialogElement {
  const dialog = part(root, name, HTMLDialogElement);
  part(root, `${name}-button`, HTMLButtonElement).addEventListener('click', () => dialog.showModal());
  part(dialog, `${name}-close`, HTMLButtonElement).addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  return dialog;
}

export interface Question {
  title: string;
  text: string;
  /** On the button that does it. */
  yes: string;
}

/** True where the person said yes; false for the other button, Escape, or a click beside the dialog. */
export type Ask = (question: Question) => Promise<boolean>;

/** Binds the dialog `question` inside `root`. The focus begins on the button that changes nothing. */
export function bindQuestion(root: HTMLElement): Ask {
  const dialog = part(root, 'question', HTMLDialogElement);
  const yes = part(dialog, 'question-yes', HTMLButtonElement);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close('no'); // the backdrop
  });
  yes.addEventListener('click', () => dialog.close('yes'));
  part(dialog, 'question-no', HTMLButtonElement).addEventListener('click', () => dialog.close('no'));
  return ({ title, text, yes: word }) => {
    tell(part(dialog, 'question-title', HTMLElement), title);
    tell(part(dialog, 'question-text', HTMLElement), text);
    tell(yes, word);
    dialog.returnValue = 'no'; // Escape leaves it
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
    });
  };
}
