import { describe, expect, it } from 'vitest';

import { correct, erase, objectToDetails } from '../src/receipt/change';
import { askForReceipt, ReceiptError, readReceipt } from '../src/receipt/receipt';
import { entriesInWords, receiptTitle } from '../src/receipt/words';

const JOINED = {
  event: 'participant_joined',
  at: '2026-01-02T03:04:05Z',
  deleted_at: '2026-02-01T03:04:05Z',
  fields: { participant: 'PA_1', sdk: 'js', browser: 'chrome', browser_version: 130, system: 'linux' },
};
const LEFT = {
  event: 'participant_left',
  at: '2026-01-02T03:05:05Z',
  deleted_at: '2026-02-01T03:05:05Z',
  fields: { participant: 'PA_1', reason: 'client_left', milliseconds: 60_000 },
};

function answer(...kept: object[]): Record<string, unknown> {
  const until = kept.length > 0 ? '2026-02-01T03:05:05Z' : null;
  return { receipt: { room: 'garden', identity: 'ada', kept, held: null, not_kept: ['sound'], valid_until: until, says: 'all' }, jws: 'a.b.c', token: 'd.e.f' };
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

describe('a receipt', () => {
  it('is asked for again until it tells of the end', async () => {
    const answers = [answer(JOINED), answer(JOINED, LEFT), answer()];
    const asked: (string | undefined)[] = [];
    const fetcher = (_: string, init: RequestInit): Promise<Response> => {
      asked.push((init.headers as Record<string, string>)['authorization']);
      return Promise.resolve(new Response(JSON.stringify(answers[asked.length - 1])));
    };
    const receipt = await askForReceipt('t', 'PA_1', fetcher, () => Promise.resolve());
    expect(receipt?.entries.map(({ event }) => event)).toEqual(['participant_joined', 'participant_left']);
    expect(asked).toEqual(['Bearer t', 'Bearer t']);
  });

  it('that is refused is none, and nothing is thrown', async () => {
    const pause = (): Promise<void> => Promise.resolve();
    expect(await askForReceipt('t', 'PA_1', () => Promise.reject(new Error('gone')), pause)).toBeNull();
    const refusal = (): Promise<Response> => Promise.resolve(new Response('{}', { status: 401 }));
    expect(await askForReceipt('t', 'PA_1', refusal, pause)).toBeNull();
  });

  it('that leaves something out is none', () => {
    const whole = answer(JOINED);
    expect(readReceipt(whole).entries).toHaveLength(1);
    expect(() => readReceipt({ ...whole, jws: undefined })).toThrow(ReceiptError);
    expect(() => readReceipt({ ...whole, receipt: {} })).toThrow(ReceiptError);
    expect(() => readReceipt(answer({ ...JOINED, at: 'soon' }))).toThrow(ReceiptError);
    expect(() => readReceipt(answer({ ...JOINED, fields: { nested: {} } }))).toThrow(ReceiptError);
  });

  it('tells how joining went, from where, and how well it was connected', () => {
    const attempt = { ...JOINED, event: 'attempt_ended' };
    const fields = { code: 'ABCD-EFGH', stage: 'token', cause: 'room_full', milliseconds: 700, participant: '' };
    const left = { ...LEFT.fields, usual_quality: 'good', worst_quality: 'poor' };
    const { entries } = readReceipt(
      answer(
        { ...attempt, fields },
        { ...attempt, fields: { ...fields, stage: 'media', cause: 'none' } },
        { ...attempt, fields: { ...fields, stage: 'media', cause: 'none', milliseconds: 40 } },
        { ...attempt, fields: { ...fields, stage: 'ice', cause: 'connection_lost', code: '', site: 'Lyon' } },
        { ...JOINED, fields: { ...JOINED.fields, site: 'Lyon' } },
        { ...LEFT, fields: left },
      ),
    );
    expect(entriesInWords(entries)).toEqual([
      'You tried to join, and it failed: the room was full (support code ABCD-EFGH).',
      'Joining took 0.7 seconds (support code ABCD-EFGH).',
      'Joining took 40 milliseconds (support code ABCD-EFGH).',
      'You tried to join from the site “Lyon”, and it failed: the connection was lost.',
      'You joined with chrome 130 on linux from the site “Lyon”.',
      'Your connection ended after 1 minute: you left. It was mostly good, at worst poor.',
    ]);
  });

  it('is told in plain words', () => {
    const { entries, ...rest } = readReceipt(answer(JOINED, LEFT));
    expect(receiptTitle({ entries, ...rest }, day)).toBe('Kept about you in this room: 2 entries, until 2026-02-01');
    expect(receiptTitle(readReceipt(answer()), day)).toBe('Nothing is kept about you in this room');
    expect(entriesInWords(entries)).toEqual([
      'You joined with chrome 130 on linux.',
      'Your connection ended after 1 minute: you left.',
    ]);
  });

  it('says what has to stay by law, also where nothing of it is shown', () => {
    const whole = answer();
    const held = { ...(whole['receipt'] as object), held: { rows: 3, expired: 3, until: '2026-03-01T00:00:00Z' }, valid_until: '2026-03-01T00:00:00Z' };
    const title = receiptTitle(readReceipt({ ...whole, receipt: held }), day);
    expect(title).toBe('Kept about you in this room by law: 3 entries, until 2026-03-01');
    expect(() => readReceipt({ ...whole, receipt: { ...held, held: { rows: 'many' } } })).toThrow(ReceiptError);
  });

  it('says what was noted of the address', () => {
    const noted = (network: string): object => ({ ...JOINED, event: 'participant_address', fields: { network } });
    const { entries } = readReceipt(answer(noted('0123456789abcdef0123456789abcdef'), noted('2001:db8:1::/48')));
    expect(entriesInWords(entries)).toEqual([
      'A pseudonym of your network address was noted: 0123456789abcdef0123456789abcdef.',
      'The first part of your network address was noted: 2001:db8:1::/48.',
    ]);
  });

  it('says which track went off', () => {
    const on = { ...JOINED, event: 'track_published', fields: { track: 'TR_1', source: 'camera', codec: 'vp8' } };
    const off = { ...LEFT, event: 'track_unpublished', fields: { track: 'TR_1', milliseconds: 60_000 } };
    expect(entriesInWords(readReceipt(answer(on, off)).entries)).toEqual([
      'Your camera went on (vp8).',
      'Your camera went off after 1 minute.',
    ]);
  });

  it('says how well what was sent and received got through', () => {
    const line = {
      direction: 'publisher',
      end: 'client_closed',
      milliseconds: 60_000,
      protocol: 'udp',
      family: 'ipv6',
      numbers: 'told',
      packets_received: 1024,
      packets_sent: 72,
      packets_lost: 12,
      round_trip_last: 40,
    };
    const lost = { ...line, direction: 'subscriber', end: 'relay_lost', family: 'unknown', numbers: 'unknown' };
    const off = { track: 'TR_1', milliseconds: 60_000, numbers: 'told', packets: 960, packets_lost: 3 };
    const { entries } = readReceipt(
      answer(
        { ...LEFT, event: 'quality_changed', fields: { quality: 'poor' } },
        { ...LEFT, event: 'transport_ended', fields: line },
        { ...LEFT, event: 'transport_ended', fields: lost },
        { ...LEFT, event: 'transport_ended', fields: { ...line, direction: 'both' } },
        { ...LEFT, event: 'track_unpublished', fields: off },
      ),
    );
    expect(entriesInWords(entries)).toEqual([
      'From here on your connection was poor.',
      'What you sent had a line of its own by UDP and IPv6 for 1 minute: your program closed it. About 1024 packets, of which 12 were lost; 40 milliseconds to the server and back.',
      'What you received had a line of its own for 1 minute: a part of the server was replaced.',
      'You sent and received on one line by UDP and IPv6 for 1 minute: your program closed it. About 1096 packets, of which 12 were lost; 40 milliseconds to the server and back.',
      'Your track went off after 1 minute. About 960 packets of it arrived, 3 did not.',
    ]);
  });

  it('shows what it has no words for', () => {
    const { entries } = readReceipt(answer({ ...JOINED, event: 'hand_raised', fields: { times: 2 } }));
    expect(entriesInWords(entries)).toEqual(['hand raised: times 2.']);
  });
});

describe('an erasure', () => {
  const done = { erasure: { erased: { participant_joined: 1, participant_left: 2 }, says: 'Gone.', backups: 'But copies.' }, jws: 'a.b.c' };

  it('is asked for with the token, and told in the words of the server', async () => {
    const asked: [string, string | undefined, unknown][] = [];
    const answer = await erase('t', (path, init) => {
      asked.push([path, init.method, (init.headers as Record<string, string>)['authorization']]);
      return Promise.resolve(Response.json(done));
    });
    expect(asked).toEqual([['api/receipt', 'DELETE', 'Bearer t']]);
    expect(answer).toMatchObject({ kind: 'done', rows: 3, says: 'Gone. But copies.', token: '' });
  });

  it('that is refused is told with the reason', async () => {
    const refusal = (): Promise<Response> =>
      Promise.resolve(Response.json({ error: 'Leave first.', code: 'session_open' }, { status: 409 }));
    expect(await erase('t', refusal)).toEqual({ kind: 'refused', message: 'Leave first.', quoted: true });
  });

  it.each([{}, { ...done, jws: 1 }, { ...done, erasure: { says: 'Gone.' } }])('is not claimed from %j', async (body) => {
    const answer = await erase('t', () => Promise.resolve(Response.json(body)));
    expect(answer.kind).toBe('refused');
  });

  it('never rejects', async () => {
    expect((await erase('t', () => Promise.reject(new TypeError('down')))).kind).toBe('refused');
  });
});

describe('a correction', () => {
  const done = { correction: { corrected: { participant_joined: 2 }, says: 'Renamed.', backups: 'But copies.' }, jws: 'a.b.c', token: 'd.e.f' };

  it('sends the name, and has the token that opens what is kept since', async () => {
    const asked: [string | undefined, unknown][] = [];
    const answer = await correct('t', 'Ada', (_, init) => {
      asked.push([init.method, init.body]);
      return Promise.resolve(Response.json(done));
    });
    expect(asked).toEqual([['PATCH', '{"name":"Ada"}']]);
    expect(answer).toMatchObject({ kind: 'done', rows: 2, token: 'd.e.f' });
  });

  it('that is refused is told with the reason', async () => {
    const refusal = (): Promise<Response> => Promise.resolve(Response.json({ error: 'Taken.', code: 'name_taken' }, { status: 409 }));
    expect(await correct('t', 'Ada', refusal)).toEqual({ kind: 'refused', message: 'Taken.', quoted: true });
  });
});

describe('an objection', () => {
  it('is sent with nothing but the token', async () => {
    const asked: [string, string | undefined, unknown][] = [];
    const done = { objection: { erased: { track_published: 2 }, says: 'Gone.', backups: '' }, jws: 'a.b.c' };
    const answer = await objectToDetails('t', (path, init) => {
      asked.push([path, init.method, init.body]);
      return Promise.resolve(Response.json(done));
    });
    expect(asked).toEqual([['api/receipt/objection', 'POST', undefined]]);
    expect(answer).toMatchObject({ kind: 'done', rows: 2, token: '' });
  });
});
