/** Dialogs over the call: opened by a button, closed by their own, by Escape, or beside them. */

import { part } from '../dom';

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
