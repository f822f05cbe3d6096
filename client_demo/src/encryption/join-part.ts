/** The choice of encryption on the join page, and the key. */

import { part, say } from '../dom';
import { phrase } from '../languages/language';
import { freshKey } from './key';
import { KeyField } from './key-field';
import { whyNotHere } from './support';

export class JoinEncryption {
  private readonly tick: HTMLInputElement;
  private readonly details: HTMLElement;
  private readonly field: KeyField;
  private readonly hindrance = whyNotHere();

  /** `key`: null where the call is not to be encrypted, '' where its key is to be typed. */
  constructor(
    private readonly root: HTMLElement,
    key: string | null,
  ) {
    this.tick = part(root, 'encrypt', HTMLInputElement);
    this.details = part(root, 'encryption', HTMLElement);
    this.field = new KeyField(this.details);
    this.tick.disabled = this.hindrance !== null;
    this.tick.addEventListener('change', () => {
      // Whoever begins an encrypted call needs no thought about keys.
      if (this.tick.checked && this.field.key === '') this.makeUp();
      this.draw();
    });
    part(root, 'fresh-key', HTMLButtonElement).addEventListener('click', () => {
      this.makeUp();
      this.field.focus();
    });
    this.set(key);
  }

  /** Null where the call is not to be encrypted. */
  get key(): string | null {
    return this.tick.checked ? this.field.key : null;
  }

  set(key: string | null): void {
    this.tick.checked = key !== null;
    if (key !== null) this.field.key = key;
    this.draw();
  }

  /** What keeps the person from joining as chosen; empty where nothing does. */
  problem(): string {
    if (!this.tick.checked) return '';
    if (this.hindrance) return phrase(this.hindrance);
    return this.field.key === '' ? phrase('encryption.keyless') : '';
  }

  /** The room takes nothing else, and no key was given. */
  want(): void {
    this.tick.checked = true;
    this.draw();
    this.focus();
  }

  focus(): void {
    this.field.focus();
  }

  private makeUp(): void {
    this.field.key = freshKey((bytes) => crypto.getRandomValues(bytes));
  }

  draw(): void {
    this.details.hidden = !this.tick.checked || this.hindrance !== null;
    say(part(this.root, 'encryption-hindrance', HTMLElement), this.hindrance ? phrase(this.hindrance) : '');
    this.field.drawHint();
  }
}
