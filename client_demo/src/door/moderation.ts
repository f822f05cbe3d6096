/** What a moderator asks of the server, with the token of the call. */

import type { TokenNow } from '../call-token';
import { phrase } from '../languages/language';
import { fieldsOf } from '../policy/fields';

const TIMEOUT_MS = 10_000;
const MESSAGE_LENGTH = 300;

export type RuleChange = { locked: boolean } | { lobby: boolean } | { screen_share: 'everybody' | 'moderators' };
type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export class Moderation {
  constructor(
    private readonly token: TokenNow,
    private readonly room: string,
    private readonly fetcher: Fetch = (input, init) => fetch(input, init),
  ) {}

  /** Each answers why it was not done; empty if it was. None rejects. */
  rule(change: RuleChange): Promise<string> {
    return this.ask('PATCH', 'api/moderation', change);
  }

  door(act: 'admit' | 'refuse' | 'ban', identity: string): Promise<string> {
    return this.ask('POST', `api/moderation/${act}`, { identity });
  }

  remove(identity: string): Promise<string> {
    return this.ask('POST', 'twirp/livekit.RoomService/RemoveParticipant', { room: this.room, identity });
  }

  mute(identity: string, trackSid: string): Promise<string> {
    const muted = { room: this.room, identity, track_sid: trackSid, muted: true };
    return this.ask('POST', 'twirp/livekit.RoomService/MutePublishedTrack', muted);
  }

  private async ask(method: string, path: string, body: object): Promise<string> {
    try {
      const answer = await this.fetcher(path, {
        method,
        headers: { authorization: `Bearer ${this.token()}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.ok) return '';
      const { error, msg } = fieldsOf(await answer.json());
      const words = error ?? msg;
      return typeof words === 'string' && words !== '' ? words.slice(0, MESSAGE_LENGTH) : phrase('common.unsaid');
    } catch {
      return phrase('common.unsaid');
    }
  }
}
