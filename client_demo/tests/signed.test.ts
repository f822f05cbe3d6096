/// <reference types="vite/client" />
import { describe, expect, it } from 'vitest';

import { checkSigned, type Verdict } from '../src/guarantee/signed';

interface Vector {
  what: string;
  verdict: Verdict;
  nonce: string;
  now: number;
  jwks: unknown;
  jws: string;
  payload?: { level: string; relays: { relay: number; filters: string }[] };
}

// The cases that are published for everybody who checks a statement.
const vectors = Object.entries(
  import.meta.glob<Vector>('../../docs/statement/vectors/*.json', { eager: true, import: 'default' }),
).map(([path, vector]) => [path.split('/').at(-1), vector] as const);

const LEEWAY = 60;

describe('published test vectors', () => {
  it('are found', () => expect(vectors.length).toBeGreaterThan(20));

  it.each(vectors)('%s', async (_name, { verdict, nonce, now, jwks, jws, payload }) => {
    const checked = await checkSigned(jws, jwks, { nonce, now, leeway: LEEWAY });
    expect(checked.verdict).toBe(verdict);
    if (payload) {
      expect(checked.statement?.level).toBe(payload.level);
      expect(checked.statement?.relays[0]?.filters).toBe(payload.relays[0]?.filters);
      expect(checked.kid).not.toBeNull();
    }
  });
});

describe('a browser that cannot check signatures', () => {
  const [, valid] = vectors.find(([name]) => name === 'valid.json') ?? [];

  it('says so, and still reads what is stated', async () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    Object.defineProperty(globalThis, 'crypto', { configurable: true, value: {} });
    try {
      if (!valid) throw new Error('the vector is missing');
      const { nonce, now, jwks, jws } = valid;
      const checked = await checkSigned(jws, jwks, { nonce, now, leeway: LEEWAY });
      expect(checked).toMatchObject({ verdict: 'unchecked', kid: null, statement: { level: 'full' } });
      const replayed = await checkSigned(jws, jwks, { nonce: 'another-question', now, leeway: LEEWAY });
      expect(replayed.verdict).toBe('wrong_nonce');
    } finally {
      if (own) Object.defineProperty(globalThis, 'crypto', own);
    }
  });
});
