import { beforeAll, describe, expect, it } from 'vitest';

import { Asker } from '../src/guarantee/watch';
import { ISSUED_AT, newKey, type SigningKey, statement } from './guarantee';

const NOW = (ISSUED_AT + 1) * 1000;
const HALL = { name: 'hall', relay: 1, generation: 1, level: 'full' };

/** Answers as a server would; what it is told to change shows in the next answer. */
class PlayedServer {
  nonces: string[] = [];
  tokens: string[] = [];
  keysAsked = 0;
  changes: Record<string, unknown> = {};
  answer: ((nonce: string) => Response | Promise<Response>) | null = null;

  constructor(public key: SigningKey) {}

  readonly fetcher = async (input: string, init: RequestInit): Promise<Response> => {
    const url = new URL(input, 'https://offrecord.test/');
    if (url.pathname === '/.well-known/jwks.json') {
      this.keysAsked += 1;
      return Response.json({ keys: [this.key.jwk] });
    }
    const nonce = url.searchParams.get('nonce') ?? '';
    this.nonces.push(nonce);
    this.tokens.push(new Headers(init.headers).get('Authorization') ?? '');
    if (this.answer) return this.answer(nonce);
    return this.signed({ nonce });
  };

  async signed(changes: Record<string, unknown>): Promise<Response> {
    return Response.json({ jws: await this.key.sign(statement({ ...changes, ...this.changes })) });
  }
}

let key: SigningKey;
let other: SigningKey;
beforeAll(async () => {
  [key, other] = [await newKey(), await newKey()];
});

function played(): { server: PlayedServer; asker: Asker } {
  const server = new PlayedServer(key);
  return { server, asker: new Asker(() => NOW, server.fetcher) };
}

describe('asking for the guarantee', () => {
  it('asks with a fresh nonce each time, checks the answer, and asks for keys once', async () => {
    const { server, asker } = played();
    expect(await asker.ask()).toMatchObject({ state: 'answered', kid: key.jwk['kid'], statement: { level: 'full' } });
    expect(await asker.ask()).toMatchObject({ state: 'answered' });
    expect(new Set(server.nonces).size).toBe(2);
    for (const nonce of server.nonces) expect(nonce).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(server.keysAsked).toBe(1);
    expect(server.tokens).toEqual(['', '']);
  });

  it('does not take an answer that was given before', async () => {
    const { server, asker } = played();
    server.changes = { nonce: 'an-older-question-asked' };
    expect(await asker.ask()).toMatchObject({ state: 'failed', reason: 'replayed' });
  });

  it('does not take what was changed on the way', async () => {
    const { server, asker } = played();
    server.answer = async (nonce) => {
      const [head, , tail] = (await key.sign(statement({ nonce }))).split('.');
      return Response.json({ jws: `${head}.${btoa(JSON.stringify(statement({ nonce }))).replaceAll('=', '')}.${tail}x` });
    };
    expect(await asker.ask()).toMatchObject({ state: 'failed' });
    server.answer = async (nonce) => {
      const good = await key.sign(statement({ nonce }));
      const stranger = await key.sign(statement({ nonce, level: 'none' }));
      return Response.json({ jws: `${good.slice(0, good.lastIndexOf('.'))}${stranger.slice(stranger.lastIndexOf('.'))}` });
    };
    expect(await asker.ask()).toMatchObject({ state: 'failed', reason: 'forged' });
  });

  it('does not take a statement without a signature', async () => {
    const { server, asker } = played();
    server.answer = (nonce) => Response.json(statement({ nonce }));
    expect(await asker.ask()).toMatchObject({ state: 'failed', reason: 'unreadable' });
  });

  it('does not take a statement of another day', async () => {
    const { server, asker } = played();
    server.changes = { iat: ISSUED_AT - 86_400, exp: ISSUED_AT - 86_340 };
    expect(await asker.ask()).toMatchObject({ state: 'failed', reason: 'dated' });
  });

  it.each([
    ['an error status', () => new Response('', { status: 503 }), 'unreachable'],
    ['a refusal', () => new Response('', { status: 403 }), 'unreachable'],
    ['no JSON', () => new Response('<html>'), 'unreadable'],
    ['too much', () => new Response(`"${'x'.repeat(2_000_001)}"`), 'unreadable'],
  ])('counts %s as no evidence', async (_what, answer, reason) => {
    const { server, asker } = played();
    server.answer = answer;
    expect(await asker.ask()).toMatchObject({ state: 'failed', reason });
  });

  it('counts an unreachable server as no evidence', async () => {
    const asker = new Asker(() => 9, () => Promise.reject(new TypeError('down')));
    expect(await asker.ask()).toEqual({ state: 'failed', reason: 'unreachable', at: 9 });
  });
});

describe('during a call', () => {
  it('shows the token of the call and wants its relay named', async () => {
    const { server, asker } = played();
    asker.about('the-token');
    expect(await asker.ask()).toMatchObject({ state: 'answered', placed: false });
    server.changes = { room: { ...HALL, relay: null } };
    expect(await asker.ask()).toMatchObject({ state: 'answered', placed: false });
    server.changes = { room: HALL };
    expect(await asker.ask()).toMatchObject({ state: 'answered', placed: true });
    expect(server.tokens).toEqual(Array(3).fill('Bearer the-token'));
  });

  it('goes on without the token once it has expired', async () => {
    const { server, asker } = played();
    asker.about('the-token');
    server.answer = (nonce) =>
      server.tokens.at(-1) ? new Response('', { status: 401 }) : server.signed({ nonce, room: null });
    expect(await asker.ask()).toMatchObject({ state: 'answered', placed: true });
    expect(await asker.ask()).toMatchObject({ state: 'answered' });
    expect(server.tokens).toEqual(['Bearer the-token', '', '']);
  });

  it('keeps to the key seen first until the call ends', async () => {
    const { server, asker } = played();
    asker.about('the-token');
    server.changes = { room: HALL };
    await asker.ask();
    server.key = other;
    expect(await asker.ask()).toMatchObject({ state: 'failed', reason: 'other-key' });
    expect(await asker.ask()).toMatchObject({ state: 'failed', reason: 'other-key' });
    asker.about('');
    expect(await asker.ask()).toMatchObject({ state: 'answered', kid: other.jwk['kid'] });
  });
});
