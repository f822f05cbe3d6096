/** Which language is shown, and its messages. */

import type { Catalogue, Key, Puts, SubjectName } from './catalogue';
import english from './en';
import { filled, formOf, type Message, piecesOf, type Values } from './message';
import { type Language, LANGUAGES, preferred } from './offered';

interface Shown {
  language: Language;
  /** For dates, numbers and lists. */
  locale: string;
  catalogue: Catalogue;
}

/** Of the last wish: what was asked for before it does not overtake it. */
let wish = 0;
let shown: Shown = { language: 'en', locale: 'en', catalogue: english };
const changes = new EventTarget();

/** Shows the first language of `wishes` that is offered from now on. English where its file cannot be had. */
export async function speak(
  wishes: readonly string[],
  load: (language: Language) => Promise<Catalogue> = (language) => LANGUAGES[language].load(),
): Promise<void> {
  const mine = ++wish;
  const { language, locale } = preferred(wishes);
  const catalogue = await load(language).catch(() => null);
  if (mine !== wish) return;
  shown = catalogue ? { language, locale, catalogue } : { language: 'en', locale: 'en', catalogue: english };
}

/** Has drawn anew what is not in the page's own HTML. */
export function drawAnew(): void {
  changes.dispatchEvent(new Event('change'));
}

/** Calls `draw` whenever another language is shown, until `closed`. */
export function onLanguage(draw: () => void, closed?: AbortSignal): void {
  changes.addEventListener('change', draw, closed ? { signal: closed } : undefined);
}

export function language(): Language {
  return shown.language;
}

/** BCP 47, for `Intl`. */
export function locale(): string {
  return shown.locale;
}

export function direction(): 'ltr' | 'rtl' {
  return isRightToLeft() ? 'rtl' : 'ltr';
}

export function isRightToLeft(): boolean {
  return LANGUAGES[shown.language].rightToLeft;
}

/** A message with its holes filled. Forms are chosen by `count`. */
export function phrase<K extends Key>(key: K, ...[values]: Puts<K>): string {
  const puts = (values ?? {}) as Values;
  const text = formOf(messageOf(key), shown.locale, puts['count']);
  return filled(text, puts, shown.locale, isRightToLeft());
}

/** Text and names of holes in turn, for what is put together of elements. */
export function pieces(key: Key): string[] {
  return piecesOf(formOf(messageOf(key), shown.locale, undefined));
}

/** The message of a closed word that the server says; undefined where the word is none of them. */
export function word(subject: SubjectName, said: string): string | undefined {
  const messages: Record<string, Message> = shown.catalogue[subject];
  const message = Object.hasOwn(messages, said) ? messages[said] : undefined;
  return typeof message === 'string' ? message : undefined;
}

/** "a", "a and b", "a, b and c". */
export function listed(words: readonly string[]): string {
  // British: without a comma before the last.
  const tag = shown.language === 'en' ? 'en-GB' : shown.locale;
  return new Intl.ListFormat(tag, { type: 'conjunction' }).format(words);
}

function messageOf(key: Key): Message {
  const [subject, name] = key.split('.') as [SubjectName, string];
  const message = (shown.catalogue[subject] as Record<string, Message>)[name];
  if (message === undefined) throw new Error(`there is no message "${key}"`);
  return message;
}
