/** No text of the page stands outside the catalogue, and nothing in the catalogue is idle. */

import { describe, expect, it } from 'vitest';

import indexPage from '../index.html?raw';
import rightsPage from '../rights.html?raw';
import english from '../src/languages/en';

const PAGES = { 'index.html': indexPage, 'rights.html': rightsPage };
/** The console's pages are the server's own, in English. */
const ELSEWHERE = /\/(languages\/[a-z]{2}|console)\//u;

const code = Object.entries(
  import.meta.glob<string>('../src/**/*.ts', { query: '?raw', import: 'default', eager: true }),
).filter(([path]) => !ELSEWHERE.test(path));
const styles = Object.entries(
  import.meta.glob<string>('../src/styles/*.css', { query: '?raw', import: 'default', eager: true }),
);
const keys = Object.entries(english).flatMap(([subject, messages]) => Object.keys(messages).map((name) => `${subject}.${name}`));

interface Piece {
  tag: string;
  text: string;
}

/** Tags and texts between them, without comments and what is shown where there is no script. */
function piecesOf(html: string): Piece[] {
  const shown = html.replace(/<!--.*?-->|<noscript>.*?<\/noscript>|<title>.*?<\/title>/gsu, '');
  return Array.from(shown.matchAll(/(<[^>]+>)|([^<]+)/gu), ([, tag = '', text = '']) => ({ tag, text: text.trim() }));
}

describe.each(Object.entries(PAGES))('%s', (_name, page) => {
  const pieces = piecesOf(page);

  it('has no text of its own but the name and the mark of a name', () => {
    expect(pieces.map(({ text }) => text).filter((text) => text !== '' && !['Offrecord', '~'].includes(text))).toEqual([]);
  });

  it('has nothing to be spoken or shown on hovering of its own', () => {
    const spoken = /\s(?:aria-label|aria-description|aria-roledescription|title|placeholder|alt)=/u;
    expect(pieces.map(({ tag }) => tag).filter((tag) => spoken.test(tag))).toEqual([]);
  });

  it('names messages that there are', () => {
    const named = Array.from(page.matchAll(/data-text(?:-\w+)?="([^"]*)"/gu), ([, key]) => key);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((key) => !keys.includes(key ?? ''))).toEqual([]);
  });
});

describe('the code', () => {
  const stripped = (text: string): string => text.replace(/\/\*.*?\*\//gsu, '').replace(/(^|\s)\/\/.*$/gmu, '');
  const lines = code.flatMap(([path, text]) => stripped(text).split('\n').map((line) => ({ path, line })));

  it('has no sentences, but for developers', () => {
    const sentence = /^[^[(#.]*\b[A-Za-z]{2,},? [a-z]{2,}\b/u;
    const forDevelopers = /Error\(|closest\(|\b(?:list|record|optional)\(|make\('\w+', '[-\w ]+'\)/u;
    const literals = (line: string): string[] => line.match(/'[^'\n]*'|`[^`\n]*`/gu) ?? [];
    const found = lines.filter(({ line }) => {
      const words = literals(line).map((literal) => literal.slice(1, -1).replace(/\$\{[^}]*\}/gu, ''));
      return words.some((text) => sentence.test(text)) && !forDevelopers.test(line);
    });
    expect(found).toEqual([]);
  });

  it('puts no literal words into the page', () => {
    const ways = [
      /(?:textContent|innerText|ariaLabel|title|placeholder) = ['`][A-Za-z]/u,
      /(?:say|tell|announce|problem)\((?:[^()]*(?:\([^()]*\))?, )?['`][A-Za-z]/u,
      /make\('\w+', '[^']*', ['`][A-Za-z]/u,
      /setAttribute\('(?:aria-label|title)', ['`]/u,
    ];
    const isLiteral = (line: string): boolean => ways.some((way) => way.test(line));
    // The name of the product.
    expect(lines.filter(({ line }) => isLiteral(line) && !line.includes("= 'Offrecord'"))).toEqual([]);
  });
});

it('every message is used', () => {
  const all = [...code.map(([, text]) => text), ...Object.values(PAGES)].join('\n');
  const patterns = Array.from(all.matchAll(/`(\w+\.\w*\$\{[^`]*)`/gu), ([, made = '']) => {
    return new RegExp(`^${made.replace('.', '\\.').replace(/\$\{[^}]*\}/gu, '\\w+')}$`, 'u');
  });
  const words = Array.from(all.matchAll(/word\('(\w+)'/gu), ([, subject]) => `${subject}.`);
  const closed = ['reasons.', 'ends.', 'qualities.']; // by `closed` of receipt/words.ts
  const idle = keys.filter(
    (key) =>
      !all.includes(key) &&
      !patterns.some((pattern) => pattern.test(key)) &&
      ![...words, ...closed].some((subject) => key.startsWith(subject)),
  );
  expect(idle).toEqual([]);
});

it('styles name sides by the direction of the text, except what is in the middle', () => {
  const physical = /(?:^|[\s{;-])(?:left|right)\s*:|(?:text-align|float|clear): (?:left|right)/u;
  const middle = /left: (?:50%|calc\(50% [-+])/u;
  const found = styles.flatMap(([, text]) => text.split('\n').filter((line) => physical.test(line) && !middle.test(line)));
  expect(styles.filter(([, text]) => text.length > 100).length).toBeGreaterThan(8);
  expect(found).toEqual([]);
});
