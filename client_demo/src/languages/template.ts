/** Puts the messages of the language into the page's own HTML.
 *
 *     data-text="join.title"         the text of the element; where the message has a hole, the child `data-hole` of that
 *                                    name stands in it
 *     data-text-label="…"            its `aria-label`
 *     data-text-title="…"            its `title`
 *     data-text-placeholder="…"      its `placeholder`
 *
 * Text goes in as text, never as markup. */

import type { Key } from './catalogue';
import { direction, language, phrase, pieces } from './language';

const ATTRIBUTES = { label: 'aria-label', title: 'title', placeholder: 'placeholder' };

/** The whole page: what is in it, and its templates. */
export function fillPage(page: Document = document): void {
  page.documentElement.lang = language();
  page.documentElement.dir = direction();
  fill(page);
  for (const template of page.querySelectorAll('template')) fill(template.content);
}

function fill(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>('[data-text]')) fillText(element, element.dataset['text'] as Key);
  for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
    for (const element of root.querySelectorAll(`[data-text-${name}]`)) {
      element.setAttribute(attribute, phrase(element.getAttribute(`data-text-${name}`) as 'common.close'));
    }
  }
}

function fillText(element: HTMLElement, key: Key): void {
  const children = new Map(
    Array.from(element.children, (child) => [child.getAttribute('data-hole') ?? '', child] as const),
  );
  const nodes = pieces(key).map((piece, index) => (index % 2 === 0 ? piece : (children.get(piece) ?? '')));
  element.replaceChildren(...nodes.filter((node) => node !== ''));
}
