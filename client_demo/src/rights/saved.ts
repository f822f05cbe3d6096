/** The token of a receipt, from the file that was saved or from what was pasted. */

import { phrase } from '../languages/language';

/** 2,000 entries with their signature are less than half of it. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_CHARACTERS = 16 * 1024;
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

export type Opened = { kind: 'token'; token: string } | { kind: 'not'; message: string };

/** Never rejects. */
export async function tokenOfFile(file: Pick<File, 'size' | 'text'>): Promise<Opened> {
  const no = { kind: 'not' as const, message: phrase('rights.notReceipt') };
  if (file.size > MOST_BYTES) return no;
  try {
    const content: unknown = JSON.parse(await file.text());
    const token = typeof content === 'object' && content !== null && 'token' in content ? content.token : null;
    if (typeof token === 'string' && isToken(token)) return { kind: 'token', token };
    if (isAnswer(content)) {
      return { kind: 'not', message: phrase('rights.answerOnly') };
    }
    return no;
  } catch {
    return no;
  }
}

/** A token as it stands in the file, with or without its quotes, or the content of the whole file. */
export function tokenOfText(pasted: string): Opened {
  const text = pasted.trim();
  if (text === '') return { kind: 'not', message: phrase('rights.nothingChosen') };
  const inside = /"token"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? text.replace(/^"|",?$/g, '');
  if (isToken(inside)) return { kind: 'token', token: inside };
  return { kind: 'not', message: phrase('rights.notToken') };
}

function isToken(text: string): boolean {
  return text.length <= MOST_CHARACTERS && TOKEN.test(text);
}

/** An answer of the server without a token: nothing more can be seen with it. */
function isAnswer(content: unknown): boolean {
  return typeof content === 'object' && content !== null && 'jws' in content;
}
