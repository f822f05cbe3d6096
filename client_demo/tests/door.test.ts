import type { Participant, Room } from 'livekit-client';
import { describe, expect, it } from 'vitest';

import { AskedRules } from '../src/door/asked';
import { Moderation } from '../src/door/moderation';
import { mayShareScreen, othersIn, rulesOf, waitingBefore } from '../src/door/told';

function person(identity: string, role = ''): Participant {
  return { identity, attributes: role ? { 'offrecord.role': role } : {} } as unknown as Participant;
}

function roomOf(people: Participant[], permissions?: object): Room {
  const others = new Map(people.map((one) => [one.identity, one]));
  return { remoteParticipants: others, localParticipant: { permissions } } as unknown as Room;
}

describe('who waits', () => {
  it('is none of the others', () => {
    const room = roomOf([person('ada'), person('bob', 'waiting'), person('mona', 'moderator')]);
    expect(othersIn(room).map((one) => one.identity)).toEqual(['ada', 'mona']);
    expect(waitingBefore(room).map((one) => one.identity)).toEqual(['bob']);
  });
});

describe('the rules of a room', () => {
  it('are those that its metadata tells', () => {
    const told = { locked: true, lobby: true, screen_share: 'moderators' };
    const metadata = JSON.stringify({ topic: 'tulips', offrecord: { moderation: told } });
    expect(rulesOf(metadata)).toEqual({ locked: true, lobby: true, screensOfModerators: true });
  });

  it.each([undefined, '', 'tulips', 'null', '{"offrecord":7}', '{"offrecord":{"moderation":{"locked":"yes"}}}'])(
    'are the usual ones where it tells none: %s',
    (metadata) => {
      expect(rulesOf(metadata)).toEqual({ locked: false, lobby: false, screensOfModerators: false });
    },
  );
});

describe('a rule that was just asked for', () => {
  const usual = { locked: false, lobby: false, screensOfModerators: false };
  const locked = { ...usual, locked: true };

  it('is shown whatever is drawn until the server tells it', () => {
    const asked = new AskedRules();
    asked.ask('locked', true);
    expect(asked.shown(usual, 'before')).toEqual(locked);
    asked.done('locked', 'before');
    expect(asked.shown(usual, 'before')).toEqual(locked);
    expect(asked.shown(locked, 'after')).toEqual(locked);
    expect(asked.shown(usual, 'another moderator')).toEqual(usual);
  });

  it('is taken back where the server refuses it', () => {
    const asked = new AskedRules();
    asked.ask('locked', true);
    asked.refused('locked');
    expect(asked.shown(usual, 'before')).toEqual(usual);
  });

  it('gives way to what another moderator asked meanwhile', () => {
    const asked = new AskedRules();
    asked.ask('locked', true);
    asked.done('locked', 'before');
    expect(asked.shown(usual, 'after both')).toEqual(usual);
  });
});

describe('a screen', () => {
  it.each([
    [undefined, true],
    [{ canPublish: true, canPublishSources: [] }, true],
    [{ canPublish: true, canPublishSources: [1, 2] }, false],
    [{ canPublish: true, canPublishSources: [1, 3] }, true],
    [{ canPublish: false, canPublishSources: [] }, false],
  ])('is shared as %o allows', (permissions, allowed) => {
    expect(mayShareScreen(roomOf([], permissions))).toBe(allowed);
  });
});

describe('a moderator', () => {
  const answering = (status: number, body: string) => async () => new Response(body, { status });

  it('hears why it was not done, and nothing where it was', async () => {
    const asks = (status: number, body: string): Promise<string> =>
      new Moderation(() => 't', 'hall', answering(status, body)).door('admit', 'bob');
    expect(await asks(200, '{}')).toBe('');
    expect(await asks(404, '{"error":"Nobody waits."}')).toBe('Nobody waits.');
    expect(await asks(404, '{"code":"not_found","msg":"nobody"}')).toBe('nobody');
    expect(await asks(502, '<html>')).toContain('Try again');
  });

  it('asks with the token, of the room', async () => {
    const asked: [string, RequestInit][] = [];
    const moderation = new Moderation(() => 't', 'hall', async (path, init) => {
      asked.push([path, init]);
      return new Response('{}');
    });
    await moderation.rule({ locked: true });
    await moderation.remove('bob');
    expect(asked.map(([path, init]) => [path, init.method, init.body])).toEqual([
      ['api/moderation', 'PATCH', '{"locked":true}'],
      ['twirp/livekit.RoomService/RemoveParticipant', 'POST', '{"room":"hall","identity":"bob"}'],
    ]);
    expect(asked.every(([, init]) => JSON.stringify(init.headers).includes('Bearer t'))).toBe(true);
  });
});
