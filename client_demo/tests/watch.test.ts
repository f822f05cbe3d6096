import { describe, expect, it } from 'vitest';

import { check } from '../src/guarantee/watch';

function server(answer: (nonce: string) => Response): { fetcher: typeof fetch; nonces: string[] } {
  const nonces: string[] = [];
  const fetcher = async (input: RequestInfo | URL): Promise<Response> => {
    const nonce = new URL(String(input), 'http://offrecord.test/').searchParams.get('nonce') ?? '';
    nonces.push(nonce);
    return answer(nonce);
  };
  return { fetcher, nonces };
}

const full = (nonce: string): Response => Response.json({ level: 'full', nonce, relays: [], issued_at: 0 });

describe('asking for the guarantee', () => {
  it('asks with a fresh nonce each time and takes the answer to it', async () => {
    const { fetcher, nonces } = server(full);
    const first = await check(() => 5, fetcher);
    await check(() => 6, fetcher);
    expect(first).toMatchObject({ state: 'answered', at: 5, statement: { level: 'full' } });
    expect(new Set(nonces).size).toBe(2);
    for (const nonce of nonces) expect(nonce).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it('does not take an answer that was given before', async () => {
    const { fetcher } = server(() => full('an-older-question-asked'));
    expect(await check(() => 0, fetcher)).toMatchObject({ state: 'failed', reason: 'unreadable' });
  });

  it.each([
    ['an error status', () => new Response('', { status: 503 }), 'unreachable'],
    ['no JSON', () => new Response('<html>'), 'unreadable'],
    ['too much', () => new Response(`"${'x'.repeat(600_000)}"`), 'unreadable'],
  ])('counts %s as no evidence', async (_what, answer, reason) => {
    expect(await check(() => 0, server(answer).fetcher)).toMatchObject({ state: 'failed', reason });
  });

  it('counts an unreachable server as no evidence', async () => {
    const fetcher = (): Promise<Response> => Promise.reject(new TypeError('down'));
    expect(await check(() => 9, fetcher)).toEqual({ state: 'failed', reason: 'unreachable', at: 9 });
  });
});
