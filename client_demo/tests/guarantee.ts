/** A server's side of the guarantee, for tests: statements, and a key that signs them. */

import { STATEMENT_TYPE, textOf } from '../src/guarantee/signed';

export const ISSUED_AT = Date.parse('2030-01-01T00:00:10Z') / 1000;

export function statement(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    statement: 1,
    nonce: null,
    iat: ISSUED_AT,
    exp: ISSUED_AT + 60,
    level: 'full',
    minimum_level: 'full',
    reasons: [],
    room: null,
    says: ['Recording is blocked on this server.'],
    does_not_prove: ['that participants do not record'],
    relays: [
      {
        relay: 1,
        level: 'full',
        checks: [{ name: 'seccomp', held: true, source: 'kernel', observed_at: '2030-01-01T00:00:07.500Z' }],
      },
    ],
    server: { version: '1.2.3' },
    software: { code: 'sha256:c0' },
    ...changes,
  };
}

export interface SigningKey {
  jwk: Record<string, string>;
  sign(claims: Record<string, unknown>): Promise<string>;
}

export async function newKey(): Promise<SigningKey> {
  const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']);
  if (!('publicKey' in pair)) throw new Error('not a pair');
  const x = textOf(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
  const named = new TextEncoder().encode(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`);
  const kid = textOf(new Uint8Array(await crypto.subtle.digest('SHA-256', named)));
  const encoded = (value: unknown): string => textOf(new TextEncoder().encode(JSON.stringify(value)));
  return {
    jwk: { kty: 'OKP', crv: 'Ed25519', x, kid },
    async sign(claims) {
      const signed = `${encoded({ alg: 'EdDSA', kid, typ: STATEMENT_TYPE })}.${encoded(claims)}`;
      const signature = await crypto.subtle.sign({ name: 'Ed25519' }, pair.privateKey, new TextEncoder().encode(signed));
      return `${signed}.${textOf(new Uint8Array(signature))}`;
    },
  };
}
