/** The panel beside the stage: the chat or the list of people, one at a time, or neither. */

import { part } from '../dom';

export type SideName = 'chat' | 'people';

const NAMES: readonly SideName[] = ['chat', 'people'];

export class Side {
  private open: SideName | null = null;

  /** Binds `<name>-button`, `<name>-close` and `<name>-panel` inside `root`. */
  constructor(
    private readonly root: HTMLElement,
    private readonly onOpen: (name: SideName) => void,
    /** Told of every change; null: both are closed. */
    private readonly onChange: (open: SideName | null) => void,
  ) {
    for (const name of NAMES) {
      this.button(name).addEventListener('click', () => this.toggle(name));
      part(root, `${name}-close`, HTMLButtonElement).addEventListener('click', () => this.close());
    }
    part(root, 'side', HTMLElement).addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing) this.close();
    });
    this.draw();
  }

  isOpen(name: SideName): boolean {
    return this.open === name;
  }

  toggle(name: SideName): void {
    if (this.open === name) {
      this.close();
      return;
    }
    this.open = name;
    this.draw();
    this.onOpen(name);
  }

  /** The focus goes back to the button that opened it. */
  private close(): void {
    const name = this.open;
    this.open = null;
    this.draw();
    if (name) this.button(name).focus();
  }

  private draw(): void {
    for (const name of NAMES) {
      const open = this.open === name;
      part(this.root, `${name}-panel`, HTMLElement).hidden = !open;
      this.button(name).setAttribute('aria-expanded', String(open));
    }
    part(this.root, 'side', HTMLElement).hidden = this.open === null;
    this.root.dataset['side'] = this.open ?? 'none';
    this.onChange(this.open);
  }

  private button(name: SideName): HTMLButtonElement {
    return part(this.root, `${name}-button`, HTMLButtonElement);
  }
}
