/** Asks who receives this person for as long as the list of people is open, and shows the answer in it. */

import { type Room, RoomEvent } from 'livekit-client';

import type { TokenNow } from '../call-token';
import { make, part, say, tell } from '../dom';
import { othersIn } from '../door/told';
import { ageInWords } from '../duration';
import { listed, phrase } from '../languages/language';
import { type Account, askForAccount } from './account';
import { getsInWords, strangersIn, trackInWords } from './words';

const EVERY_MS = 5_000;
/** After something changed: the relay is told a moment after the room is, and is asked once a second at most. */
const AFTER_CHANGE_MS = 1_100;
const AGED_MS = 1_000;
/** An account that is older says nothing of now. */
const OLD_MS = 15_000;

const CHANGES = [
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.LocalTrackSubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.Reconnected,
] as const;

export class Receivers {
  private readonly place: HTMLElement;
  private account: Account | null = null;
  private at = 0;
  private failed = false;
  /** In no list when an account named them; shown once the next account names them too, since the room is told
   * of newcomers a moment after the relay. */
  private suspects = new Set<string>();
  private open = false;
  private asking = false;
  private timers: ReturnType<typeof setInterval>[] = [];
  private soon: ReturnType<typeof setTimeout> | undefined;

  /** Draws into `receivers` inside `root`. `onAnswer`: the lines of people are to be drawn anew. */
  constructor(
    root: HTMLElement,
    private readonly room: Room,
    private readonly token: TokenNow,
    private readonly onAnswer: () => void,
  ) {
    this.place = part(root, 'receivers', HTMLElement);
    for (const event of CHANGES) room.on(event, () => this.askSoon());
  }

  /** The list of people was opened or closed. */
  watch(open: boolean): void {
    if (open === this.open) return;
    this.close();
    this.open = open;
    if (!open) return;
    this.timers = [
      setInterval(() => {
        if (!document.hidden) void this.ask();
      }, EVERY_MS),
      setInterval(() => this.drawAge(), AGED_MS),
    ];
    void this.ask();
  }

  /** What one person gets, in `gets` inside `line`. */
  drawPerson(line: HTMLElement, identity: string): void {
    const known = this.known();
    const words = known && identity !== this.room.localParticipant.identity ? getsInWords(known, identity) : '';
    say(part(line, 'gets', HTMLElement), words);
  }

  close(): void {
    this.timers.forEach(clearInterval);
    clearTimeout(this.soon);
  }

  private askSoon(): void {
    clearTimeout(this.soon);
    if (this.open) this.soon = setTimeout(() => void this.ask(), AFTER_CHANGE_MS);
  }

  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const account = await askForAccount(this.token());
    this.asking = false;
    this.failed = account === null;
    if (account) {
      this.account = account;
      this.at = Date.now();
    }
    if (!this.open) return;
    this.draw();
    this.onAnswer();
  }

  private known(): Account | null {
    return Date.now() - this.at < OLD_MS ? this.account : null;
  }

  private draw(): void {
    const known = this.known();
    const sentences = known?.tracks.map(trackInWords) ?? [];
    if (known && sentences.length === 0) sentences.push(phrase('receivers.silent'));
    const list = part(this.place, 'receivers-tracks', HTMLElement);
    list.replaceChildren(...sentences.map((sentence) => make('li', '', sentence)));
    const roster = new Set(othersIn(this.room).map((person) => person.identity));
    const strangers = known ? strangersIn(known, roster) : [];
    const sure = strangers.filter((one) => this.suspects.has(one.identity));
    this.suspects = new Set(strangers.map((one) => one.identity));
    const names = listed(sure.map((one) => one.name));
    say(part(this.place, 'receivers-alarm', HTMLElement), names ? phrase('receivers.stranger', { names }) : '');
    this.drawAge();
  }

  private drawAge(): void {
    const known = this.known();
    const age = known ? phrase('receivers.account', { age: ageInWords(Date.now() - this.at) }) : '';
    const none = phrase(this.failed ? 'receivers.unsaid' : 'receivers.asked');
    tell(part(this.place, 'receivers-age', HTMLElement), age || none);
  }
}
