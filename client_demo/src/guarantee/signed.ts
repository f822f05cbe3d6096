/** Checks a signed statement in the browser: JWS with Ed25519 and nothing else (RFC 7515, RFC 8037). The rules and
 * their order are those of docs/statement.md, and docs/statement/vectors holds both implementations to them. */

import { readStatement, type Statement, StatementError } from './statement';

export const STATEMENT_TYPE = 'offrecord-statement+jwt';
const VERSION = 1;
const LONGEST_LIFE_SECONDS = 60;
const MOST_KEYS = 64;
const MOST_CHARACTERS = 1_000_000;

/** The first rule that a statement breaks; `unchecked` where this browser cannot check a signature. */
export type Verdict =
  | 'malformed'
  | 'wrong_algorithm'
  | 'wrong_type'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_version'
  | 'wrong_nonce'
  | 'too_long'
  | 'expired'
  | 'not_yet_valid'
  | 'valid'
  | 'unchecked';

export interface Checked {
  verdict: Verdict;
  /** Where the content is that of a statement and its signature good, or unchecked. */
  statement: Statement | null;
  /** Thumbprint of the key that signed (RFC 7638); null if none that is known did. */
  kid: string | null;
}

export interface Question {
  nonce: string;
  /** Seconds since the epoch. */
  now: number;
  /** Seconds that clocks may differ by. */
  leeway: number;
}

/** Never rejects. `jwks` is parsed JSON. */
export async function checkSigned(compact: unknown, jwks: unknown, question: Question): Promise<Checked> {
  const parts = typeof compact === 'string' && compact.length <= MOST_CHARACTERS ? compact.split('.') : [];
  const [head, body, tail] = parts;
  if (parts.length !== 3 || head === undefined || body === undefined || tail === undefined) return fault('malformed');
  const header = parsed(head);
  const signature = bytesOf(tail);
  const { alg, typ, kid } = header ?? {};
  if (!header || !signature || !bytesOf(body) || 'crit' in header) return fault('malformed');
  if (typeof alg !== 'string' || typeof typ !== 'string' || typeof kid !== 'string') return fault('malformed');
  if (alg !== 'EdDSA') return fault('wrong_algorithm');
  if (typ !== STATEMENT_TYPE) return fault('wrong_type');
  const known = await keyOf(jwks, kid);
  if (known === 'unknown') return fault('unknown_key');
  if (known !== 'unchecked' && !(await isSignedBy(known, signature, `${head}.${body}`))) return fault('bad_signature');
  const content = contentOf(parsed(body), question);
  if (known === 'unchecked') {
    const fine = content.verdict === 'valid';
    return { verdict: fine ? 'unchecked' : content.verdict, statement: content.statement, kid: null };
  }
  return { ...content, kid };
}

function fault(verdict: Verdict): Checked {
  return { verdict, statement: null, kid: null };
}

function contentOf(claims: Record<string, unknown> | null, question: Question): Omit<Checked, 'kid'> {
  if (!claims) return { verdict: 'malformed', statement: null };
  if (typeof claims['statement'] === 'number' && claims['statement'] !== VERSION) {
    return { verdict: 'wrong_version', statement: null };
  }
  try {
    const statement = readStatement(claims);
    return { verdict: datedAs(statement, question), statement };
  } catch (error) {
    if (error instanceof StatementError) return { verdict: 'malformed', statement: null };
    throw error;
  }
}

function datedAs(statement: Statement, { nonce, now, leeway }: Question): Verdict {
  const { issuedAt, expiresAt } = statement;
  if (statement.nonce !== nonce) return 'wrong_nonce';
  if (expiresAt <= issuedAt || expiresAt - issuedAt > LONGEST_LIFE_SECONDS) return 'too_long';
  if (now >= expiresAt + leeway) return 'expired';
  if (now < issuedAt - leeway) return 'not_yet_valid';
  return 'valid';
}

/** The key that has the name, where the name is its thumbprint; `unchecked` where the browser has no Ed25519, or none
 * on a page that was not loaded over HTTPS. */
async function keyOf(jwks: unknown, kid: string): Promise<CryptoKey | 'unknown' | 'unchecked'> {
  const listed = isRecord(jwks) && Array.isArray(jwks['keys']) ? jwks['keys'].slice(0, MOST_KEYS) : [];
  for (const key of listed) {
    if (!isRecord(key) || key['kty'] !== 'OKP' || key['crv'] !== 'Ed25519' || key['kid'] !== kid) continue;
    const x = key['x'];
    const raw = typeof x === 'string' ? bytesOf(x) : null;
    if (!raw || typeof x !== 'string') continue;
    const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
    if (!subtle) return 'unchecked';
    const canonical = new TextEncoder().encode(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`);
    if (textOf(new Uint8Array(await subtle.digest('SHA-256', canonical))) !== kid) continue;
    try {
      return await subtle.importKey('raw', raw, { name: 'Ed25519' }, false, ['verify']);
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotSupportedError') return 'unchecked';
    }
  }
  return 'unknown';
}

async function isSignedBy(key: CryptoKey, signature: Bytes, signed: string): Promise<boolean> {
  try {
    return await crypto.subtle.verify({ name: 'Ed25519' }, key, signature, new TextEncoder().encode(signed));
  } catch {
    return false;
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

function parsed(part: string): Record<string, unknown> | null {
  const raw = bytesOf(part);
  if (!raw) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** base64url without padding (RFC 7515 section 2), in its one spelling; null for anything else. */
function bytesOf(text: string): Bytes | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
  return textOf(bytes) === text ? bytes : null;
}

export function textOf(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
