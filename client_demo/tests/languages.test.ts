import { afterEach, describe, expect, it } from 'vitest';

import type { Catalogue } from '../src/languages/catalogue';
import english from '../src/languages/en';
import { direction, language, listed, locale, phrase, speak, word } from '../src/languages/language';
import { filled, formOf, type Message, piecesOf } from '../src/languages/message';
import { type Language, LANGUAGES, preferred } from '../src/languages/offered';
import { durationInWords } from '../src/duration';
import { helpFor } from '../src/media/problems';

const TAGS = Object.keys(LANGUAGES) as Language[];
const OTHERS = TAGS.filter((tag) => tag !== 'en');

afterEach(() => speak(['en']));

function messagesOf(catalogue: Catalogue): [string, Message][] {
  return Object.entries(catalogue).flatMap(([subject, messages]) =>
    Object.entries(messages as Record<string, Message>).map(([name, message]): [string, Message] => {
      return [`${subject}.${name}`, message];
    }),
  );
}

const textsOf = (message: Message): string[] => (typeof message === 'string' ? [message] : Object.values(message));
const holesOf = (text: string): string[] => piecesOf(text).filter((_, index) => index % 2 === 1).sort();

describe.each(OTHERS)('the messages in %s', (tag) => {
  it('are those of English, with the same holes', async () => {
    const catalogue = new Map(messagesOf(await LANGUAGES[tag].load()));
    const source = messagesOf(english);
    expect([...catalogue.keys()].sort()).toEqual(source.map(([key]) => key).sort());
    for (const [key, message] of source) {
      const wanted = holesOf(typeof message === 'string' ? message : message.other);
      const other = catalogue.get(key) ?? '';
      expect([key, holesOf(typeof other === 'string' ? other : other.other)]).toEqual([key, wanted]);
      // "two people" needs no number; everything else that is put in has its place in every form.
      const named = wanted.filter((hole) => hole !== 'count');
      for (const text of textsOf(other)) {
        expect([key, holesOf(text).filter((hole) => hole !== 'count')]).toEqual([key, named]);
      }
    }
  });

  it('have a form for each way that the language counts', async () => {
    const ways = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    for (const [key, message] of messagesOf(await LANGUAGES[tag].load())) {
      if (typeof message !== 'string') expect([key, Object.keys(message).sort()]).toEqual([key, [...ways].sort()]);
    }
  });

  it('are another text than the English one, where that has words', async () => {
    const source = new Map(messagesOf(english));
    const same = messagesOf(await LANGUAGES[tag].load()).filter(([key, message]) => {
      const text = textsOf(message).join(' ');
      return text === textsOf(source.get(key) ?? '').join(' ') && text.split(' ').length > 3;
    });
    expect(same).toEqual([]);
  });
});

describe.each(TAGS)('in %s', (tag) => {
  it('every message is short text without markup, and none promises what cannot be', async () => {
    for (const [key, message] of messagesOf(await LANGUAGES[tag].load())) {
      for (const text of textsOf(message)) {
        expect([key, text.length > 0, text.length < 600, /[<>&]/u.test(text)]).toEqual([key, true, true, false]);
        expect([key, /impossib|unmöglich|imposib|مستحيل/iu.test(text)]).toEqual([key, false]);
      }
    }
  });
});

describe('which language is shown', () => {
  it.each([
    [['de-AT', 'en'], 'de', 'de-AT'],
    [['it', 'fr-CA', 'en'], 'fr', 'fr-CA'],
    [['AR-eg'], 'ar', 'AR-eg'],
    [['it', 'ja'], 'en', 'en'],
    [[], 'en', 'en'],
    [['de_broken', '', 'toString', 'es'], 'es', 'es'],
  ])('is of %j the first that is offered', (wishes, shown, tag) => {
    expect(preferred(wishes)).toEqual({ language: shown, locale: tag });
  });

  it('changes words, numbers, lists and the direction', async () => {
    await speak(['de-DE']);
    expect([language(), locale(), direction()]).toEqual(['de', 'de-DE', 'ltr']);
    expect(phrase('news.joined', { name: 'Ada' })).toBe('Ada nimmt teil.');
    expect(listed(['Ada', 'Bob', 'Cy'])).toBe('Ada, Bob und Cy');
    expect(durationInWords(3_900_000)).toBe('1 Stunde 5 Minuten');
    expect(helpFor('camera', 'missing')).toContain('Keine Kamera');
    await speak(['ar']);
    expect(direction()).toBe('rtl');
  });

  it('is English where the file of another cannot be had', async () => {
    await speak(['de'], () => Promise.reject(new TypeError('offline')));
    expect(language()).toBe('en');
    expect(phrase('join.join')).toBe('Join');
  });
});

it('that was asked for last is shown, though another comes later', async () => {
  let comes = (_: Catalogue): void => undefined;
  const late = speak(['de'], () => new Promise((resolve) => (comes = resolve)));
  await speak(['es']);
  comes(await LANGUAGES.de.load());
  await late;
  expect(language()).toBe('es');
});

describe('a message', () => {
  it('counts as its language does: Arabic in six ways', async () => {
    await speak(['ar-EG']);
    const told = [0, 1, 2, 3, 11, 100].map((count) => phrase('call.company', { count }));
    expect(new Set(told).size).toBe(6);
    expect(told[2]).toBe('شخصان في المكالمة');
    await speak(['fr']);
    const [none, one] = [0, 1].map((count) => phrase('call.company', { count }));
    expect([none, one]).toEqual(['0 personne dans l’appel', '1 personne dans l’appel']);
    expect(formOf({ other: 'x' }, 'en', 1)).toBe('x');
  });

  it('takes what is put in as text, once, and bounded', () => {
    expect(phrase('news.left', { name: '{name} <b>' })).toBe('{name} <b> left.');
    expect(filled('{a}{b}', { a: '{b}', b: 'x' }, 'en', false)).toBe('{b}x');
    expect(filled('{a}', { a: 'x'.repeat(5_000) }, 'en', false)).toHaveLength(2_000);
    expect(filled('{a}', {}, 'en', false)).toBe('');
  });

  it('does not run backwards around a name that does', async () => {
    expect(phrase('news.left', { name: 'ليلى' })).toBe('\u2068ليلى\u2069 left.');
    expect(phrase('news.left', { name: 'Ada' })).toBe('Ada left.');
    await speak(['ar']);
    expect(phrase('news.left', { name: 'Ada' })).toBe('غادر \u2068Ada\u2069.');
  });

  it('compiles only with what it needs', () => {
    // @ts-expect-error a hole is left empty
    expect(phrase('news.left')).toBe(' left.');
    // @ts-expect-error there is no such hole
    expect(phrase('news.left', { who: 'Ada' })).toBe(' left.');
    // @ts-expect-error there is no such message
    expect(() => phrase('news.nothing')).toThrow('no message');
  });
});

describe('a closed word of the server', () => {
  it('has a message, or none', async () => {
    await speak(['es']);
    expect(word('reasons', 'room_closed')).toBe('la sala se cerró');
    for (const said of ['', 'toString', 'constructor', 'something_new']) expect(word('reasons', said)).toBeUndefined();
  });
});
