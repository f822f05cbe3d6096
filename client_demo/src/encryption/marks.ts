/** The lock on a tile and in the list of people, with words for who listens. */

import { hide, icon, mark, part, tell } from '../dom';
import { inWords, type Protection } from './protection';

const SYMBOLS: Record<Protection, string> = {
  encrypted: 'i-lock',
  clear: 'i-lock-open',
  unreadable: 'i-lock-other',
};

/** Draws into `lock` inside `root`: hidden where there is nothing to say. */
export function markLock(root: HTMLElement, protection: Protection | null): void {
  const lock = part(root, 'lock', HTMLElement);
  hide(lock, protection === null);
  if (protection === null) root.removeAttribute('data-protection');
  else {
    const { words, meaning } = inWords(protection);
    mark(root, 'protection', protection);
    if (lock.title !== meaning) lock.title = meaning;
    icon(lock, SYMBOLS[protection]);
    tell(part(lock, 'lock-words', HTMLElement), words);
  }
}
