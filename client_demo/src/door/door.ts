/** What a moderator sees of the door, and does there: who waits, the rules of the room, and each person. */

import { type Participant, type Room, Track } from 'livekit-client';

import type { TokenNow } from '../call-token';
import type { Ask, Question } from '../call/dialogs';
import { copyOf, hide, part, say } from '../dom';
import { phrase } from '../languages/language';
import { AskedRules } from './asked';
import { Moderation, type RuleChange } from './moderation';
import { moderates, type Rules, rulesOf, waitingBefore } from './told';

export interface DoorOptions {
  room: Room;
  token: TokenNow;
  /** `quoted`: the words are the server's. */
  onProblem: (message: string, quoted: boolean) => void;
  /** Before what cannot be undone. */
  ask: Ask;
}

interface RuleBox {
  rule: keyof Rules;
  name: string;
  change: (on: boolean) => RuleChange;
}

const BOXES: readonly RuleBox[] = [
  { rule: 'lobby', name: 'rule-lobby', change: (on) => ({ lobby: on }) },
  { rule: 'locked', name: 'rule-locked', change: (on) => ({ locked: on }) },
  {
    rule: 'screensOfModerators',
    name: 'rule-screens',
    change: (on) => ({ screen_share: on ? 'moderators' : 'everybody' }),
  },
];

export class Door {
  private readonly moderation: Moderation;
  private readonly asked = new AskedRules();
  private readonly lines = new Map<string, HTMLElement>();
  private readonly list: HTMLElement;
  private readonly rules: HTMLElement;

  /** Draws into `waiting` and `rules` inside `root`. */
  constructor(
    root: HTMLElement,
    private readonly options: DoorOptions,
  ) {
    this.moderation = new Moderation(options.token, options.room.name);
    this.list = part(root, 'waiting', HTMLElement);
    this.rules = part(root, 'rules', HTMLElement);
    for (const rule of BOXES) this.bindRule(rule);
  }

  draw(): void {
    const { room } = this.options;
    const waiting = waitingBefore(room);
    const there = new Set(waiting.map((person) => person.sid));
    for (const [sid, line] of this.lines) {
      if (there.has(sid)) continue;
      line.remove();
      this.lines.delete(sid);
    }
    for (const person of waiting) this.drawWaiting(person);
    hide(this.list, waiting.length === 0);
    hide(this.rules, !moderates(room.localParticipant));
    const shown = this.asked.shown(rulesOf(room.metadata), room.metadata);
    for (const { rule, name } of BOXES) part(this.rules, name, HTMLInputElement).checked = shown[rule];
  }

  /** What a moderator can do with somebody in the list of people. */
  showPerson(line: HTMLElement, identity: string, isNew: boolean): void {
    const { room } = this.options;
    const acts = part(line, 'acts', HTMLElement);
    hide(acts, !moderates(room.localParticipant) || identity === room.localParticipant.identity);
    if (!isNew) return;
    const person = (): Participant | undefined => room.remoteParticipants.get(identity);
    this.bind(acts, 'mute', async () => {
      const sounds = [...(person()?.trackPublications.values() ?? [])].filter(
        (each) => each.kind === Track.Kind.Audio && !each.isMuted,
      );
      const answers = await Promise.all(sounds.map((each) => this.moderation.mute(identity, each.trackSid)));
      return answers.find((answer) => answer !== '') ?? '';
    });
    const name = (): string => person()?.name || identity;
    this.bind(acts, 'remove', () => this.moderation.remove(identity), () => ({
      title: phrase('door.removeTitle', { name: name() }),
      text: phrase('door.removeText'),
      yes: phrase('door.remove'),
    }));
    this.bind(acts, 'ban', () => this.moderation.door('ban', identity), () => ({
      title: phrase('door.banTitle', { name: name() }),
      text: phrase('door.banText'),
      yes: phrase('door.ban'),
    }));
  }

  private drawWaiting(person: Participant): void {
    let line = this.lines.get(person.sid);
    if (!line) {
      line = copyOf('waiting-person');
      this.bind(line, 'admit', () => this.moderation.door('admit', person.identity));
      this.bind(line, 'refuse', () => this.moderation.door('refuse', person.identity));
      this.lines.set(person.sid, line);
      this.list.append(line);
    }
    say(part(line, 'name', HTMLElement), person.name || person.identity);
  }

  private bind(root: HTMLElement, name: string, act: () => Promise<string>, question?: () => Question): void {
    const button = part(root, name, HTMLButtonElement);
    const doIt = async (): Promise<void> => {
      if (question && !(await this.options.ask(question()))) return;
      button.disabled = true;
      const problem = await act();
      button.disabled = false;
      this.tell(problem);
    };
    button.addEventListener('click', () => void doIt());
  }

  private tell(problem: string): void {
    this.options.onProblem(problem, problem !== phrase('common.unsaid'));
  }

  private bindRule({ rule, name, change }: RuleBox): void {
    const { room } = this.options;
    const box = part(this.rules, name, HTMLInputElement);
    box.addEventListener('change', () => {
      box.disabled = true;
      this.asked.ask(rule, box.checked);
      void this.moderation.rule(change(box.checked)).then((problem) => {
        box.disabled = false;
        if (problem) this.asked.refused(rule);
        else this.asked.done(rule, room.metadata);
        this.draw();
        this.tell(problem);
      });
    });
  }
}
