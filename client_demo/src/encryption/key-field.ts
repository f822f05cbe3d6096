/** A key to be typed: hidden as it is written, unless the person wants to see it. */

import { part, say } from '../dom';
import { phrase } from '../languages/language';
import { isGuessable, tidyKey } from './key';

export class KeyField {
  private readonly input: HTMLInputElement;
  private readonly button: HTMLButtonElement;
  private readonly hint: HTMLElement;

  /** Binds `key`, `key-show` and `key-hint` inside `root`. */
  constructor(root: HTMLElement) {
    this.input = part(root, 'key', HTMLInputElement);
    this.button = part(root, 'key-show', HTMLButtonElement);
    this.hint = part(root, 'key-hint', HTMLElement);
    this.button.addEventListener('click', () => this.show(this.input.type === 'password'));
    this.input.addEventListener('input', () => this.drawHint());
    this.show(false);
  }

  get key(): string {
    return tidyKey(this.input.value);
  }

  set key(key: string) {
    this.input.value = key;
    this.drawHint();
  }

  focus(): void {
    this.input.select();
    this.input.focus();
  }

  show(shown: boolean): void {
    this.input.type = shown ? 'text' : 'password';
    this.button.setAttribute('aria-pressed', String(shown));
  }

  drawHint(): void {
    say(this.hint, this.key !== '' && isGuessable(this.key) ? phrase('encryption.guessable') : '');
  }
}
