import { describe, expect, it } from 'vitest';

import { tokenOfFile, tokenOfText } from '../src/rights/saved';

const file = (text: string, size = text.length): Pick<File, 'size' | 'text'> => ({ size, text: () => Promise.resolve(text) });

describe('a saved receipt', () => {
  it('has its token', async () => {
    const saved = JSON.stringify({ receipt: {}, jws: 'x.y.z', token: 'a-b.c_d.e' }, null, 2);
    expect(await tokenOfFile(file(saved))).toEqual({ kind: 'token', token: 'a-b.c_d.e' });
    expect(tokenOfText(saved)).toEqual({ kind: 'token', token: 'a-b.c_d.e' });
  });

  it('of an erasure is told apart from a file of anything else', async () => {
    const erasure = await tokenOfFile(file('{"erasure": {}, "jws": "a.b.c"}'));
    expect(erasure).toMatchObject({ kind: 'not' });
    expect(JSON.stringify(erasure)).toContain('erasure');
    for (const content of ['', 'null', '[]', '7', '{"token": 7}', '{"token": "no token"}', '\u0000', '{'.repeat(10_000)]) {
      expect(JSON.stringify(await tokenOfFile(file(content)))).toContain('not a receipt');
    }
  });

  it('that is too large, or cannot be read, is none', async () => {
    expect((await tokenOfFile(file('{"token": "a.b.c"}', 5 * 1024 * 1024))).kind).toBe('not');
    expect((await tokenOfFile({ size: 1, text: () => Promise.reject(new Error('gone')) })).kind).toBe('not');
  });
});

describe('a pasted token', () => {
  it.each(['a.b.c', ' a.b.c\n', '"a.b.c"', '"a.b.c",', '"token": "a.b.c"'])('is read from %j', (text) => {
    expect(tokenOfText(text)).toEqual({ kind: 'token', token: 'a.b.c' });
  });

  it.each(['', '  ', 'a.b', 'a.b.c.d', 'a b.c.d', `${'x'.repeat(20_000)}.b.c`, '<b>.x.y'])('is not %j', (text) => {
    expect(tokenOfText(text).kind).toBe('not');
  });
});
