import { describe, expect, it } from 'vitest';

import { askForToken, understand } from '../src/guest-token';

describe('a guest token', () => {
  it('is asked for with a policy, a passcode and a word about age only where they were given', async () => {
    const bodies: unknown[] = [];
    const fetcher = async (_input: string, init: RequestInit): Promise<Response> => {
      bodies.push(JSON.parse(String(init.body)));
      return Response.json({ url: 'ws://offrecord.test', token: 't' });
    };
    const answer = await askForToken({ room: 'r', name: 'n', policy: '', passcode: '', oldEnough: false }, fetcher);
    await askForToken({ room: 'r', name: 'n', policy: 'v2', passcode: 'p', oldEnough: true }, fetcher);
    expect(answer).toEqual({
      kind: 'admitted',
      url: 'ws://offrecord.test',
      token: 't',
      encryptionRequired: false,
    });
    expect(bodies).toEqual([
      { room: 'r', name: 'n' },
      { room: 'r', name: 'n', policy: 'v2', passcode: 'p', old_enough: true },
    ]);
  });

  it('needs a passcode where the server says so', () => {
    expect(understand(401, { passcode_required: true }, false).kind).toBe('passcode');
    expect(understand(403, { passcode_required: true }, true)).toEqual({
      kind: 'passcode',
      message: 'That passcode is not right.',
    });
  });

  it('needs the policy read where the server says so', () => {
    expect(understand(409, { policy_changed: true, policy: 'v3' }, false).kind).toBe('policy');
    expect(understand(409, { policy: 'v3' }, false).kind).toBe('refused');
  });

  it('needs a word about age where the server says so', () => {
    expect(understand(403, { age_required: true }, false).kind).toBe('age');
  });

  it('passes on what the server says, within bounds', () => {
    expect(understand(503, { error: 'The room is full.' }, false)).toEqual({
      kind: 'refused',
      message: 'The room is full.',
      quoted: true,
    });
    const long = understand(400, { error: 'x'.repeat(5000) }, false);
    expect(long.kind === 'refused' && long.message.length).toBe(300);
  });

  it.each([404, 403, 429, 500, 418])('has words for status %i without any', (status) => {
    const answer = understand(status, null, false);
    expect(answer.kind === 'refused' && answer.message.length > 10).toBe(true);
  });

  it.each([null, {}, { token: '' }, { token: 7 }, { token: 't', url: 7 }])('is refused as %j', (body) => {
    expect(understand(200, body, false).kind).toBe('refused');
  });

  it('never rejects', async () => {
    const down = (): Promise<Response> => Promise.reject(new TypeError('down'));
    const garbage = (): Promise<Response> => Promise.resolve(new Response('<html>', { status: 502 }));
    const request = { room: 'r', name: 'n', policy: '', passcode: '', oldEnough: false };
    expect((await askForToken(request, down)).kind).toBe('refused');
    expect((await askForToken(request, garbage)).kind).toBe('refused');
  });
});
