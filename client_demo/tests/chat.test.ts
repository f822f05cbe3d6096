import { describe, expect, it } from 'vitest';

import { readBounded } from '../src/chat/line';
import { ChatLog, countWords, LONGEST, MOST, tidy } from '../src/chat/log';
import { newsOfMessage } from '../src/call/words';

const from = (text: string) => ({ name: 'Alan', self: false, text, at: 0, seen: false });

async function* endless(chunk: string, times: number): AsyncGenerator<string> {
  for (let index = 0; index < times; index += 1) yield chunk;
}

describe('what was written', () => {
  it('is counted until it is read, except what is one’s own or seen', () => {
    const log = new ChatLog();
    log.add(from('one'));
    log.add({ ...from('two'), self: true });
    log.add({ ...from('three'), seen: true });
    log.add(from('four'));
    expect(log.unread).toBe(2);
    log.read();
    expect([log.unread, log.messages.length]).toEqual([0, 4]);
  });

  it('is held in a bounded number', () => {
    const log = new ChatLog();
    for (let index = 0; index < MOST + 5; index += 1) log.add(from(`${index}`));
    expect(log.messages).toHaveLength(MOST);
    expect(log.messages[0]?.text).toBe('5');
  });

  it('is no message where nothing is left of it', () => {
    const log = new ChatLog();
    expect(log.add(from(' \n\u0000\u202e '))).toBeNull();
    expect(log.unread).toBe(0);
  });

  it('is cut to its bound, and so is a name', () => {
    const message = new ChatLog().add({ ...from('x'.repeat(LONGEST * 3)), name: 'n'.repeat(5_000) });
    expect(message?.text).toHaveLength(LONGEST);
    expect(message?.text.endsWith('…')).toBe(true);
    expect(message?.name).toHaveLength(64);
  });

  it('keeps its lines and loses what is no text', () => {
    expect(tidy('a\r\nb\n\n\n\n\nc')).toBe('a\nb\n\nc');
    expect(tidy('pay\u202e\u0007 me')).toBe('pay me');
    expect(tidy('<b>bold</b> 👩🏽‍💻')).toBe('<b>bold</b> 👩🏽‍💻');
  });

  it('is not cut through a sign of two halves', () => {
    expect(tidy('😀'.repeat(LONGEST))).toMatch(/^(😀)+…$/u);
  });

  it('is read to its bound only, and to the end', async () => {
    expect(await readBounded(endless('abc', 3), 100)).toBe('abcabcabc');
    const chunks = endless('x'.repeat(1000), 50);
    expect(await readBounded(chunks, LONGEST)).toHaveLength(LONGEST + 1);
    expect((await chunks.next()).done).toBe(true);
  });

  it('is told in one short line', () => {
    expect(newsOfMessage('Alan', 'one\n\n two')).toBe('Alan: one two');
    expect(newsOfMessage('Alan', 'x'.repeat(500)).length).toBeLessThan(100);
  });

  it('is counted in words', () => {
    expect([0, 1, 99, 100].map(countWords)).toEqual(['', '1', '99', '99+']);
  });
});
