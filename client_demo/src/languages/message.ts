/** What a message is: text with named holes, in as many forms as its language counts in. Pure. */

/** One text for each way that a language counts (CLDR plural rules), chosen by the hole `count`. */
export type Forms = { readonly [Form in Intl.LDMLPluralRule]?: string } & { readonly other: string };

export type Message = string | Forms;

export type Values = Readonly<Record<string, string | number>>;

/** The holes of a text, as a type: `"{name} left."` has `"name"`. */
type HolesIn<Text extends string> = Text extends `${string}{${infer Hole}}${infer Rest}` ? Hole | HolesIn<Rest> : never;

export type HolesOf<M> = M extends string
  ? HolesIn<M>
  : M extends { readonly other: infer Other extends string }
    ? HolesIn<Other> | 'count'
    : never;

/** Signs of what is put into a hole; longer is cut. The link of an invitation is the longest. */
const LONGEST = 2_000;

const HOLE = /\{([a-z]+)\}/u;

/** First Strong Isolate and Pop Directional Isolate (UAX #9): what stands between does not turn what stands around. */
const ISOLATE = ['\u2068', '\u2069'] as const;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/u;

/** The text of a message for `count`; the locale says how its language counts. */
export function formOf(message: Message, locale: string, count: string | number | undefined): string {
  if (typeof message === 'string') return message;
  return message[new Intl.PluralRules(locale).select(Number(count))] ?? message.other;
}

/** Text and names of holes in turn: `"a {b} c"` is `["a ", "b", " c"]`. */
export function piecesOf(text: string): string[] {
  return text.split(HOLE);
}

/** Fills each hole once: what is put in is text, whatever it looks like. `rightToLeft`: the direction of the message. */
export function filled(text: string, values: Values, locale: string, rightToLeft: boolean): string {
  const put = (value: string | number | undefined): string => {
    if (typeof value === 'number') return numberInWords(value, locale);
    const words = (value ?? '').slice(0, LONGEST);
    return rightToLeft || RIGHT_TO_LEFT.test(words) ? isolated(words) : words;
  };
  return piecesOf(text)
    .map((piece, index) => (index % 2 === 0 ? piece : put(values[piece])))
    .join('');
}

function isolated(words: string): string {
  return words === '' ? '' : `${ISOLATE[0]}${words}${ISOLATE[1]}`;
}

/** With separators from five digits on: shorter numbers are read without. */
function numberInWords(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { useGrouping: 'min2' }).format(value);
}
