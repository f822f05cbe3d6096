/** Small helpers over the page's own HTML. Text from elsewhere only ever goes in as text, never as markup. */

/** What was found before, by root: a room of fifty people has thousands of elements to look through. */
const known = new WeakMap<ParentNode, Map<string, Element>>();

/** The element marked `data-part="name"` inside `root`. Throws if the page and the code disagree. */
export function part<T extends Element>(root: ParentNode, name: string, type: new () => T): T {
  const parts = known.get(root) ?? new Map<string, Element>();
  known.set(root, parts);
  let found = parts.get(name) ?? null;
  if (!found || !root.contains(found)) found = root.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} "${name}"`);
  parts.set(name, found);
  return found;
}

/** A fresh copy of the single element inside `<template id>`. */
export function copyOf(templateId: string): HTMLElement {
  const template = document.getElementById(templateId);
  const content = template instanceof HTMLTemplateElement ? template.content.firstElementChild : null;
  if (!(content instanceof HTMLElement)) throw new Error(`the page has no template "${templateId}"`);
  return document.importNode(content, true);
}

/** An element with a class and text. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** Shows `text`, or hides the element when there is none. Unchanged text is left alone, so that screen
 * readers do not hear it twice. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
  hide(element, text === '');
}

// The page is drawn again for whatever happens: what is as it was is left alone, or the browser would begin to look for
// what the change means for everything around.

export function hide(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** Sets `data-name`. */
export function mark(element: HTMLElement, name: string, value: string | boolean): void {
  if (element.dataset[name] !== String(value)) element.dataset[name] = String(value);
}

export function assign(element: Element, attribute: string, value: string): void {
  if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
}

/** As `say`. `quoted`: the sentence is the server's, which speaks English only. */
export function sayOrQuote(element: HTMLElement, text: string, quoted: boolean): void {
  if (quoted) inEnglish(element);
  else for (const name of ['lang', 'dir']) element.removeAttribute(name);
  say(element, text);
}

/** What is in the element is English, whatever the language of the page. */
export function inEnglish<E extends HTMLElement>(element: E): E {
  element.lang = 'en';
  element.dir = 'ltr';
  return element;
}

/** Puts text into a live region. It stays in the page while empty, or screen readers would not follow it. */
export function tell(region: HTMLElement, text: string): void {
  if (region.textContent !== text) region.textContent = text;
}

/** Points an `<svg><use>` at another symbol of the page. */
export function icon(root: ParentNode, symbol: string): void {
  const use = root.querySelector('use');
  if (use) assign(use, 'href', `#${symbol}`);
}
