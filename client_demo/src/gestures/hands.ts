/** Raising a hand: told to the others, shown in tiles and in the list of people, lowered by oneself or a moderator. */

import { type Participant, RoomEvent } from 'livekit-client';

import type { Call, CallPart } from '../call/parts';
import { nameOf } from '../call/roster';
import { hide, mark, part, say } from '../dom';
import { moderates, othersIn, waits } from '../door/told';
import { phrase } from '../languages/language';
import { Buckets } from './bucket';
import { hear } from './hearing';
import { Raised } from './raised';
import { encode, HAND_TOPIC, type HandMessage, readHand } from './wire';

export class Hands implements CallPart {
  readonly keys = { hand: (): void => this.toggle() };
  private readonly raised = new Raised();
  private readonly button: HTMLButtonElement;

  constructor(private readonly call: Call) {
    const { room, root } = call;
    this.button = part(root, 'hand-button', HTMLButtonElement);
    this.button.addEventListener('click', () => this.toggle());
    hear(room, HAND_TOPIC, new Buckets(8, 1_000), readHand, (message, sender) => this.receive(message, sender));
    room.on(RoomEvent.Reconnected, () => this.meet());
    this.meet();
  }

  /** 1 for whose hand was raised first, 0 where it is down. */
  place(identity: string): number {
    return this.raised.place(identity);
  }

  /** By a moderator, in somebody's line of the list. */
  showPerson(line: HTMLElement, identity: string, isNew: boolean): void {
    const button = part(line, 'lower-hand', HTMLButtonElement);
    hide(button, this.place(identity) === 0);
    if (isNew) button.addEventListener('click', () => void this.send({ hand: 'lower', of: identity }, [identity]));
  }

  draw(): void {
    const { room } = this.call;
    const me = room.localParticipant;
    this.raised.keep(new Set([me.identity, ...othersIn(room).map((person) => person.identity)]));
    const up = this.place(me.identity) > 0;
    hide(this.button, waits(me) || me.permissions?.canPublishData === false);
    mark(this.button, 'active', up);
    say(part(this.button, 'label', HTMLElement), phrase(up ? 'call.lower' : 'call.raise'));
  }

  private toggle(): void {
    const { room, announce, redraw } = this.call;
    if (this.button.hidden) return;
    const { identity } = room.localParticipant;
    const up = this.raised.raise(identity, Date.now());
    if (!up) this.raised.lower(identity);
    void this.send(up ? { hand: 'up', for: 0 } : { hand: 'down' });
    announce(phrase(up ? 'news.handUp' : 'news.handDown'));
    redraw();
  }

  /** On joining, and when back: asks who has a hand up, and says so where one's own is. */
  private meet(): void {
    void this.send({ hand: 'who' });
    this.repeat();
  }

  private repeat(to?: string[]): void {
    const at = this.raised.at(this.call.room.localParticipant.identity);
    if (at !== null) void this.send({ hand: 'up', for: Date.now() - at }, to);
  }

  private receive(message: HandMessage, sender: Participant): void {
    const { room, announce, redraw } = this.call;
    const { identity } = sender;
    switch (message.hand) {
      case 'up':
        if (this.raised.raise(identity, Date.now() - message.for)) announce(phrase('news.raised', { name: nameOf(sender) }));
        break;
      case 'down':
        this.raised.lower(identity);
        break;
      case 'who':
        this.repeat([identity]);
        break;
      case 'lower':
        // The server alone says who moderates, so that nobody else lowers hands.
        if (message.of !== room.localParticipant.identity || !moderates(sender)) return;
        if (!this.raised.lower(message.of)) return;
        void this.send({ hand: 'down' });
        announce(phrase('news.lowered', { name: nameOf(sender) }));
    }
    redraw();
  }

  private async send(message: HandMessage, destinationIdentities?: string[]): Promise<void> {
    const { room } = this.call;
    const me = room.localParticipant;
    if (waits(me) || me.permissions?.canPublishData === false) return;
    try {
      await me.publishData(encode(message), {
        reliable: true,
        topic: HAND_TOPIC,
        ...(destinationIdentities ? { destinationIdentities } : {}),
      });
    } catch {
      // The connection is lost: it is told again once it is back.
    }
  }
}
