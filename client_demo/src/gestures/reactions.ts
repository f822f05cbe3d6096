/** Reactions: a sign over the tile for a moment, told to those who listen, and kept by nobody. */

import { type Participant, RoomEvent } from 'livekit-client';

import type { Call, CallPart } from '../call/parts';
import { nameOf } from '../call/roster';
import { hide, make, part, tell } from '../dom';
import { waits } from '../door/told';
import { phrase } from '../languages/language';
import { Bucket, Buckets } from './bucket';
import { hear } from './hearing';
import { encode, REACTION_TOPIC, type Reaction, REACTIONS, readReaction } from './wire';

const SHOWN_MS = 4_000;
/** Those who listen are told of several at once, not of each over the other. */
const TOLD_EVERY_MS = 2_000;
const MOST_TOLD = 3;

export class Reactions implements CallPart {
  readonly keys = { react: (): void => this.open(true) };
  private readonly button: HTMLButtonElement;
  private readonly choice: HTMLElement;
  private readonly told: HTMLElement;
  private readonly own = new Bucket(4, 700);
  private readonly shown = new Map<string, { sign: string; timer: ReturnType<typeof setTimeout> }>();
  private untold: string[] = [];
  private telling: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly call: Call) {
    const { room, root, closed } = call;
    this.button = part(root, 'reactions-button', HTMLButtonElement);
    this.choice = part(root, 'reactions', HTMLElement);
    this.told = part(root, 'reactions-told', HTMLElement);
    this.choice.replaceChildren(...REACTIONS.map((each) => this.offer(each)));
    this.button.addEventListener('click', () => this.open(this.choice.hidden !== false));
    this.choice.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      this.open(false);
      // On a phone the button is in a menu that is closed.
      (this.button.checkVisibility() ? this.button : part(root, 'more-button', HTMLElement)).focus();
    });
    const outside = (event: Event): void => {
      const { target } = event;
      const inside = target instanceof Node && (this.choice.contains(target) || this.button.contains(target));
      if (!inside) this.open(false);
    };
    document.addEventListener('pointerdown', outside, { signal: closed });
    document.addEventListener('focusin', outside, { signal: closed });
    hear(room, REACTION_TOPIC, new Buckets(6, 600), readReaction, (reaction, sender) => this.show(sender, reaction));
    room.on(RoomEvent.ParticipantDisconnected, ({ identity }) => this.take(identity));
    this.open(false);
  }

  /** The sign over somebody's tile; empty where there is none. */
  sign(identity: string): string {
    return this.shown.get(identity)?.sign ?? '';
  }

  draw(): void {
    const me = this.call.room.localParticipant;
    hide(this.button, waits(me) || me.permissions?.canPublishData === false);
  }

  close(): void {
    clearTimeout(this.telling);
    for (const { timer } of this.shown.values()) clearTimeout(timer);
  }

  private offer(reaction: Reaction): HTMLButtonElement {
    const button = make('button', 'reaction-choice', reaction.sign);
    button.type = 'button';
    button.dataset['testid'] = `react-${reaction.name}`;
    button.ariaLabel = button.title = phrase(`reactions.${reaction.name}`);
    button.addEventListener('click', () => this.send(reaction));
    return button;
  }

  private open(open: boolean): void {
    if (open && this.button.hidden) return;
    const focus = open && this.choice.hidden;
    this.choice.hidden = !open;
    this.button.setAttribute('aria-expanded', String(open));
    if (focus) this.choice.querySelector('button')?.focus();
  }

  private send(reaction: Reaction): void {
    const { room, problem } = this.call;
    if (!this.own.take(Date.now())) return;
    this.show(room.localParticipant, reaction);
    // Late, a reaction means nothing: it is sent once.
    void room.localParticipant
      .publishData(encode({ reaction: reaction.name }), { reliable: false, topic: REACTION_TOPIC })
      .catch(() => problem(phrase('news.reactionFailed')));
  }

  private show(person: Participant, reaction: Reaction): void {
    this.take(person.identity);
    const timer = setTimeout(() => this.take(person.identity), SHOWN_MS);
    this.shown.set(person.identity, { sign: reaction.sign, timer });
    const me = person === this.call.room.localParticipant;
    const name = me ? phrase('common.you') : nameOf(person);
    this.untold.push(phrase('news.reaction', { name, reaction: phrase(`reactions.${reaction.name}`) }));
    this.telling ??= setTimeout(() => this.tellAll(), 0);
    this.call.redraw();
  }

  private take(identity: string): void {
    clearTimeout(this.shown.get(identity)?.timer);
    if (this.shown.delete(identity)) this.call.redraw();
  }

  private tellAll(): void {
    const more = this.untold.length - MOST_TOLD;
    const said = this.untold.slice(0, MOST_TOLD).join('. ');
    tell(this.told, said ? `${said}${more > 0 ? `. ${phrase('news.moreReactions', { count: more })}` : ''}.` : '');
    this.telling = said ? setTimeout(() => this.tellAll(), TOLD_EVERY_MS) : undefined;
    this.untold = [];
  }
}
