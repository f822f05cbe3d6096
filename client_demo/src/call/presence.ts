/** Who comes and goes, whether the connection holds, and how many are here. */

import { type Participant, RoomEvent } from 'livekit-client';

import { hide, mark, part, tell } from '../dom';
import { othersIn, waits } from '../door/told';
import { phrase } from '../languages/language';
import type { Call, CallPart } from './parts';
import { nameOf } from './roster';
import { company } from './words';

/** After a lost connection the others come back one by one. */
const SETTLING_MS = 10_000;
const SETTLING_STEP_MS = 500;

export class Presence implements CallPart {
  /** Identities of all who were here with this page at any time. */
  readonly met = new Set<string>();
  private readonly status: HTMLElement;
  private reconnecting = false;
  private settledAt = 0;
  private settling: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly call: Call) {
    const { room, root } = call;
    this.status = part(root, 'status', HTMLElement);
    room.on(RoomEvent.ParticipantConnected, (person) => {
      // Who waits is shown in a list of its own, and who has just been let in is told of all who are there.
      if (this.isReturn(person) || waits(person) || waits(room.localParticipant)) return;
      call.announce(phrase('news.joined', { name: nameOf(person) }));
    });
    room.on(RoomEvent.ParticipantAttributesChanged, (changed, person) => {
      if (changed['offrecord.role'] === undefined || waits(person)) return;
      call.announce(person === room.localParticipant ? phrase('news.letIn') : phrase('news.joined', { name: nameOf(person) }));
    });
    room.on(RoomEvent.ParticipantDisconnected, (person) => {
      if (!this.isReturn(person) && !waits(person)) call.announce(phrase('news.left', { name: nameOf(person) }));
    });
    const waiting = (): void => void (this.reconnecting = true);
    room.on(RoomEvent.Reconnecting, waiting);
    room.on(RoomEvent.SignalReconnecting, waiting);
    room.on(RoomEvent.Reconnected, () => {
      this.reconnecting = false;
      this.settledAt = Date.now() + SETTLING_MS;
      this.drawWhileSettling();
      call.announce(phrase('news.back'));
    });
  }

  draw(): void {
    const { room, root } = this.call;
    const others = othersIn(room);
    for (const { identity } of others) this.met.add(identity);
    const before = waits(room.localParticipant);
    mark(this.status, 'tone', this.reconnecting ? 'warning' : 'calm');
    const there = before ? phrase('call.waiting') : company(others.length);
    tell(this.status, this.reconnecting ? phrase('call.reconnecting') : there);
    hide(part(root, 'alone', HTMLElement), others.length > 0 || this.reconnecting || before);
    hide(part(root, 'outside', HTMLElement), !before);
  }

  close(): void {
    clearInterval(this.settling);
  }

  /** Whoever was there before the connection was lost neither left nor joined, though the room is told so. */
  private isReturn(person: Participant): boolean {
    return this.reconnecting || (Date.now() < this.settledAt && this.met.has(person.identity));
  }

  /** Right after a lost connection the SDK can hold events back and never tell them, though the room has
   * long changed: sound that came in that moment would never be played. */
  private drawWhileSettling(): void {
    clearInterval(this.settling);
    this.settling = setInterval(() => {
      this.call.redraw();
      if (Date.now() >= this.settledAt) clearInterval(this.settling);
    }, SETTLING_STEP_MS);
  }
}
