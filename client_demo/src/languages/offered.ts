/** The languages of the page. English is the source, and what is shown where nothing else can be. */

import type { Catalogue } from './catalogue';
import english from './en';

interface Offer {
  /** In the language itself. */
  name: string;
  rightToLeft: boolean;
  /** The others are files of their own, fetched from this server once they are shown. */
  load: () => Promise<Catalogue>;
}

export const LANGUAGES = {
  en: { name: 'English', rightToLeft: false, load: async () => english },
  de: { name: 'Deutsch', rightToLeft: false, load: async () => (await import('./de')).default },
  fr: { name: 'Français', rightToLeft: false, load: async () => (await import('./fr')).default },
  es: { name: 'Español', rightToLeft: false, load: async () => (await import('./es')).default },
  ar: { name: 'العربية', rightToLeft: true, load: async () => (await import('./ar')).default },
} as const satisfies Record<string, Offer>;

export type Language = keyof typeof LANGUAGES;

export function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(LANGUAGES, tag);
}

/** The first language that is offered among those wished for (BCP 47, the most wished first), with the wish itself, which
 * says how dates and numbers are written. */
export function preferred(wishes: readonly string[]): { language: Language; locale: string } {
  for (const wish of wishes) {
    const language = wish.split('-')[0]?.toLowerCase() ?? '';
    if (isLanguage(language)) return { language, locale: isLocale(wish) ? wish : language };
  }
  return { language: 'en', locale: 'en' };
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
