/** Which language a person wants: of a link, of an earlier choice that was to be kept, or the browser's. */

import { drawAnew, language, speak } from './language';
import { isLanguage, type Language, LANGUAGES } from './offered';
import { fillPage } from './template';

/** In the query of an address. */
const LANG = 'lang';

/** Shows the language that is wanted. `kept`: of an earlier visit; empty if none. */
export async function openInLanguage(kept: string): Promise<void> {
  const asked = askedIn(location.search) || kept;
  await speak(asked ? inFull(asked) : navigator.languages);
  fillPage();
}

/** Shows another language at once. The address has it from now on, so that a reload of the page keeps it. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  const url = new URL(location.href);
  url.searchParams.set(LANG, chosen);
  history.replaceState(history.state, '', url);
  await speak(inFull(chosen));
  fillPage();
  drawAnew();
}

/** The language in the query of an address; empty where it names none that is offered. */
export function askedIn(search: string): Language | '' {
  const asked = new URLSearchParams(search).get(LANG) ?? '';
  return isLanguage(asked) ? asked : '';
}

/** The language in the address of this page, to be put behind another: empty, or with its question mark. */
export function languageQuery(): string {
  const asked = askedIn(location.search);
  return asked ? `?${LANG}=${asked}` : '';
}

/** Binds the select of languages. */
export function bindLanguages(select: HTMLSelectElement): void {
  const options = Object.entries(LANGUAGES).map(([tag, { name, rightToLeft }]) => {
    const option = new Option(name, tag);
    option.lang = tag;
    option.dir = rightToLeft ? 'rtl' : 'ltr';
    return option;
  });
  select.replaceChildren(...options);
  select.value = language();
  select.addEventListener('change', () => {
    if (isLanguage(select.value)) void chooseLanguage(select.value);
  });
}

/** As the browser writes it where it has a wish for that language: with the country's dates and numbers. */
function inFull(chosen: string): string[] {
  return [...navigator.languages.filter((each) => each.split('-')[0]?.toLowerCase() === chosen), chosen];
}
