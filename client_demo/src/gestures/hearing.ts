/** What the others say in messages of one topic, and who it was. */

import { type Participant, type Room, RoomEvent } from 'livekit-client';

import type { Buckets } from './bucket';

/** People not told yet of whom something is kept, and messages of each. */
const MOST_PEOPLE = 16;
const MOST_EACH = 4;

/** Messages of people the page was not told about yet: pure. Of too many the first are dropped. */
export class Early<T> {
  private readonly of = new Map<string, T[]>();

  keep(identity: string, message: T): void {
    const messages = this.of.get(identity) ?? [];
    this.of.delete(identity);
    this.of.set(identity, [...messages, message].slice(-MOST_EACH));
    const [first] = this.of.keys();
    if (this.of.size > MOST_PEOPLE && first !== undefined) this.of.delete(first);
  }

  /** In the order in which they came. */
  take(identity: string): T[] {
    const messages = this.of.get(identity) ?? [];
    this.of.delete(identity);
    return messages;
  }
}

/** Calls `receive` for each message that `read` finds to be one, and that `limits` allow its sender.
 *
 * Data can overtake the news, over the WebSocket, that somebody is here: what they say before waits for it. Whoever
 * asks on arriving whose hand is up would get no answer otherwise.
 */
export function hear<T>(
  room: Room,
  topic: string,
  limits: Buckets,
  read: (payload: Uint8Array) => T | null,
  receive: (message: T, sender: Participant) => void,
): void {
  const early = new Early<T>();
  room.on(RoomEvent.DataReceived, (payload, sender, _kind, about, _encryption, stamped) => {
    const identity = sender?.identity ?? stamped;
    if (about !== topic || !identity || !limits.take(identity, Date.now())) return;
    const message = read(payload);
    if (message === null) return;
    if (sender) receive(message, sender);
    else early.keep(identity, message);
  });
  room.on(RoomEvent.ParticipantConnected, (person) => {
    for (const message of early.take(person.identity)) receive(message, person);
  });
  room.on(RoomEvent.ParticipantDisconnected, ({ identity }) => limits.forget(identity));
}
