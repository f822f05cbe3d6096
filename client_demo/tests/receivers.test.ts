import { expect, test } from 'vitest';

import { askForAccount, understand } from '../src/receivers/account';
import { getsInWords, strangersIn, trackInWords } from '../src/receivers/words';

const track = (source: string, receivers: object[] = [], muted = false): object => ({
  sid: `TR_${source}`,
  source,
  kind: source === 'microphone' ? 'audio' : 'video',
  muted,
  receivers,
});
const bo = { sid: 'PA_1', identity: 'bo', name: 'Bo', state: 'active' };
const cy = { sid: 'PA_2', identity: 'cy', name: 'Cy', state: 'paused' };

function account(...tracks: object[]) {
  const read = understand({ tracks });
  if (!read) throw new Error('no account');
  return read;
}

test('each person is told what they get, what is paused and what they do not get', () => {
  const told = account(track('microphone', [bo]), track('camera', [bo, cy]));
  expect(getsInWords(told, 'bo')).toBe('gets your sound and video');
  expect(getsInWords(told, 'cy')).toBe('has your video paused, does not get your sound');
  expect(getsInWords(told, 'di')).toBe('gets nothing of yours');
  expect(getsInWords(account(), 'bo')).toBe('');
});

test('each track is told with those it goes to now', () => {
  const [sound, video, screen] = account(
    track('microphone', [], true),
    track('camera', [bo, cy]),
    track('screen_share', [bo]),
  ).tracks.map(trackInWords);
  expect(sound).toBe('Your sound (muted) goes to nobody.');
  expect(video).toBe('Your video goes to Bo, and is paused for Cy.');
  expect(screen).toBe('Your screen goes to Bo.');
});

test('many receivers are counted after the first six', () => {
  const many = Array.from({ length: 9 }, (_, index) => ({ identity: `p${index}`, name: `P${index}`, state: 'active' }));
  const [sentence] = account(track('camera', many)).tracks.map(trackInWords);
  expect(sentence).toBe('Your video goes to P0, P1, P2, P3, P4, P5 and 3 others.');
});

test('a receiver that is in no list is found, once', () => {
  const told = account(track('microphone', [bo, cy]), track('camera', [cy]));
  expect(strangersIn(told, new Set(['bo', 'cy']))).toEqual([]);
  expect(strangersIn(told, new Set(['bo'])).map((one) => one.name)).toEqual(['Cy']);
});

test('what is no account is none, and what is long is bounded', () => {
  for (const body of [null, 'x', [], {}, { tracks: 'x' }]) expect(understand(body)).toBeNull();
  const [odd] = account({ source: 7, kind: 'audio', receivers: [null, { name: 'x'.repeat(9_999), identity: 'x' }] }).tracks;
  expect(odd?.source).toBe('audio');
  expect(odd?.receivers.map((one) => one.name.length)).toEqual([0, 256]);
  expect(understand({ tracks: Array.from({ length: 99 }, () => ({})) })?.tracks).toHaveLength(32);
});

test('the server is asked with the token, and what it does not say is nothing', async () => {
  const asked: RequestInit[] = [];
  const answer = await askForAccount('TOKEN', async (_, init) => {
    asked.push(init);
    return new Response(JSON.stringify({ tracks: [] }));
  });
  expect(answer).toEqual({ tracks: [] });
  expect(asked[0]?.headers).toEqual({ authorization: 'Bearer TOKEN' });
  expect(await askForAccount('TOKEN', async () => new Response('', { status: 503 }))).toBeNull();
  expect(await askForAccount('TOKEN', () => Promise.reject(new TypeError()))).toBeNull();
});
