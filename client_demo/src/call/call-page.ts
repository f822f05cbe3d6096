/** The page during the call. */

import { type DisconnectReason, type Participant, ParticipantEvent, type Room, RoomEvent } from 'livekit-client';

import { ChatPanel } from '../chat/chat-panel';
import { countWords, type Message } from '../chat/log';
import { copyOf, icon, part, say, tell } from '../dom';
import { Door } from '../door/door';
import { othersIn, waits } from '../door/told';
import { inviteLink } from '../link';
import { offerDevices } from '../media/device-choice';
import type { LocalMedia } from '../media/local-media';
import type { Sound } from '../media/sound';
import { bindSwitches } from '../media/switches';
import type { DeviceKind } from '../media/problems';
import { supportCodeOf } from '../support-code';
import { copyText } from './copy';
import { bindDialog } from './dialogs';
import type { Action } from './keys';
import { bindMore } from './menu';
import { PeopleList } from './people';
import { bindPolicyNotice } from './policy-notice';
import { publishWhatIsOn } from './publish';
import { nameOf, peopleOf, soundsOf, speakersOf, tilesOf } from './roster';
import { bindShare } from './share';
import { bindShortcuts } from './shortcuts';
import { Side } from './side';
import { Stage } from './stage';
import { type Layout, ViewChoice } from './view';
import { company, newsOfMessage } from './words';

export interface CallPageOptions {
  room: Room;
  /** The address that was connected to. */
  server: string;
  /** That was connected with. */
  token: string;
  roomName: string;
  media: LocalMedia;
  sound: Sound;
  onEnd: (reason: DisconnectReason | undefined, others: number) => void;
}

/** How long news stay on the page: long enough to read a link. */
const NEWS_MS = 8_000;

/** After a lost connection the others come back one by one. */
const SETTLING_MS = 10_000;
const SETTLING_STEP_MS = 500;

/** Whatever of these happens, the page is drawn anew from the room: it keeps no second account of it. */
const REDRAWN_ON = [
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.ParticipantAttributesChanged,
  RoomEvent.ParticipantPermissionsChanged,
  RoomEvent.RoomMetadataChanged,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.ActiveSpeakersChanged,
  RoomEvent.ConnectionQualityChanged,
  RoomEvent.Reconnecting,
  RoomEvent.SignalReconnecting,
  RoomEvent.Reconnected,
  RoomEvent.AudioPlaybackStatusChanged,
] as const;

export class CallPage {
  readonly element = copyOf('call-page');
  private readonly choice = new ViewChoice();
  private readonly stage = new Stage(part(this.element, 'grid', HTMLElement), (key) => {
    this.choice.pin(key);
    this.draw();
  });
  private readonly people = new PeopleList(this.element, (line, identity) => this.door.bindPerson(line, identity));
  private readonly door: Door;
  private readonly side: Side;
  private readonly keys: HTMLDialogElement;
  private readonly toggleShare: () => void;
  private layout: Layout = 'grid';
  private unread = 0;
  private readonly status = part(this.element, 'status', HTMLElement);
  private readonly error = part(this.element, 'error', HTMLElement);
  private readonly news = part(this.element, 'news', HTMLElement);
  private readonly closers: (() => void)[] = [];
  private readonly met = new Set<string>();
  private reconnecting = false;
  private settledAt = 0;
  private settling: ReturnType<typeof setInterval> | undefined;
  private drawing = false;
  private quieter: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly options: CallPageOptions) {
    const { room, roomName, media, sound } = options;
    part(this.element, 'room', HTMLElement).textContent = roomName;
    const chat = new ChatPanel({
      root: this.element,
      room,
      isSeen: () => this.side.isOpen('chat'),
      onChange: (unread, message) => this.drawUnread(unread, message),
    });
    this.side = new Side(this.element, (name) => {
      if (name === 'chat') {
        chat.read();
        chat.focus();
      } else part(this.element, 'people-title', HTMLElement).focus();
    });
    this.door = new Door(this.element, {
      room,
      token: options.token,
      onProblem: (message) => say(this.error, message),
    });
    const share = bindShare(this.element, room, (message) => say(this.error, message));
    this.toggleShare = share.toggle;
    this.closers.push(
      bindSwitches(this.element, media),
      offerDevices(this.element, media, sound),
      publishWhatIsOn(room, media, (message) => say(this.error, message)),
      share.close,
      chat.close,
      bindMore(this.element),
      bindShortcuts(this.element, (action) => this.act(action)),
    );
    this.keys = bindDialog(this.element, 'keys');
    bindDialog(this.element, 'devices');
    this.bindButtons();
    this.bindRoom();
    bindPolicyNotice(this.element, room, options.server);
    this.draw();
  }

  focus(): void {
    part(this.element, 'room', HTMLElement).focus();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.quieter);
    clearInterval(this.settling);
    this.closers.forEach((close) => close());
    this.stage.close();
    this.options.sound.play(new Set());
    this.element.remove();
  }

  private bindButtons(): void {
    const { room, roomName } = this.options;
    part(this.element, 'leave-button', HTMLButtonElement).addEventListener('click', () => void room.disconnect());
    part(this.element, 'play-sound', HTMLButtonElement).addEventListener('click', () => void room.startAudio());
    part(this.element, 'layout-button', HTMLButtonElement).addEventListener('click', () => this.switchLayout());
    const support = part(this.element, 'support-button', HTMLButtonElement);
    support.addEventListener('click', () => void this.showSupportCode());

    const link = inviteLink(location.origin, location.pathname, roomName);
    const shown = part(this.element, 'link', HTMLInputElement);
    shown.value = link;
    for (const name of ['invite-button', 'copy-link']) {
      part(this.element, name, HTMLButtonElement).addEventListener('click', () => {
        void copyText(link).then((copied) => {
          this.announce(copied ? 'The link to this room is copied.' : `The link to this room: ${link}`);
        });
      });
    }
  }

  private async showSupportCode(): Promise<void> {
    const code = supportCodeOf(this.options.room);
    if (!code) return this.announce('This server gives no support codes.');
    const copied = await copyText(code);
    this.announce(`Support code of your connection: ${code}${copied ? ' (copied)' : ''}`);
  }

  private bindRoom(): void {
    const { room } = this.options;
    const redraw = (): void => this.drawSoon();
    for (const event of REDRAWN_ON) room.on(event, redraw);
    room.on(RoomEvent.ParticipantConnected, (person) => {
      // Who waits is shown in a list of its own, and who has just been let in is told of all who are there.
      if (this.isReturn(person) || waits(person) || waits(room.localParticipant)) return;
      this.announce(`${nameOf(person)} joined.`);
    });
    room.on(RoomEvent.ParticipantAttributesChanged, (changed, person) => {
      if (changed['offrecord.role'] === undefined || waits(person)) return;
      this.announce(person === room.localParticipant ? 'You have been let in.' : `${nameOf(person)} joined.`);
    });
    room.on(RoomEvent.ParticipantDisconnected, (person) => {
      if (!this.isReturn(person) && !waits(person)) this.announce(`${nameOf(person)} left.`);
    });
    const waiting = (): void => void (this.reconnecting = true);
    room.on(RoomEvent.Reconnecting, waiting);
    room.on(RoomEvent.SignalReconnecting, waiting);
    room.on(RoomEvent.Reconnected, () => {
      this.reconnecting = false;
      this.settledAt = Date.now() + SETTLING_MS;
      this.drawWhileSettling();
      this.announce('You are back in the call.');
    });
    room.localParticipant.on(ParticipantEvent.IsSpeakingChanged, redraw);
    room.once(RoomEvent.Disconnected, (reason) => this.options.onEnd(reason, this.met.size));
    this.closers.push(() => room.removeAllListeners());
  }

  /** What a key asks for. Where no button is pressed, what it did is told. */
  private act(action: Action): void {
    switch (action) {
      case 'mute':
        return void this.turn('microphone', 'Your microphone is on.', 'You are muted.');
      case 'camera':
        return void this.turn('camera', 'Your camera is on.', 'Your camera is off.');
      case 'share':
        return this.toggleShare();
      case 'chat':
      case 'people':
        return this.side.toggle(action);
      case 'layout':
        return this.switchLayout();
      case 'keys':
        return this.keys.showModal();
    }
  }

  private async turn(kind: DeviceKind, on: string, off: string): Promise<void> {
    const { media } = this.options;
    await media.turn(kind, !media.state(kind).on);
    if (!this.closed) this.announce(media.state(kind).on ? on : off);
  }

  private switchLayout(): void {
    this.choice.choose(this.layout === 'grid' ? 'speaker' : 'grid');
    this.draw();
    this.announce(this.layout === 'grid' ? 'Everybody in a grid.' : 'Whoever speaks is shown large.');
  }

  private drawUnread(unread: number, message: Message | null): void {
    const button = part(this.element, 'chat-button', HTMLButtonElement);
    say(part(button, 'unread', HTMLElement), countWords(unread));
    tell(part(button, 'unread-words', HTMLElement), unread > 0 ? `, ${unread} unread` : '');
    if (message) this.announce(newsOfMessage(message.name, message.text));
    else if (unread === 0 && this.unread > 0) tell(this.news, '');
    this.unread = unread;
  }

  /** Whoever was there before the connection was lost neither left nor joined, though the room is told so. */
  private isReturn(person: Participant): boolean {
    return this.reconnecting || (Date.now() < this.settledAt && this.met.has(person.identity));
  }

  /** Shows and speaks what just happened, for a while. */
  private announce(text: string): void {
    clearTimeout(this.quieter);
    tell(this.news, text);
    this.quieter = setTimeout(() => tell(this.news, ''), NEWS_MS);
  }

  /** Once for all events of one turn. Not by animation frame: those stop while the page is hidden. */
  private drawSoon(): void {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      if (!this.closed) this.draw();
    });
  }

  /** Right after a lost connection the SDK can hold events back and never tell them, though the room has
   * long changed: sound that came in that moment would never be played. */
  private drawWhileSettling(): void {
    clearInterval(this.settling);
    this.settling = setInterval(() => {
      this.draw();
      if (Date.now() >= this.settledAt) clearInterval(this.settling);
    }, SETTLING_STEP_MS);
  }

  private draw(): void {
    const { room, sound } = this.options;
    const tiles = tilesOf(room);
    const view = this.choice.view(tiles, speakersOf(room));
    this.stage.show(tiles, view);
    this.drawLayout(view.layout);
    this.people.show(peopleOf(room));
    sound.play(soundsOf(room));
    this.door.draw();
    const others = othersIn(room);
    for (const { identity } of others) this.met.add(identity);

    const before = waits(room.localParticipant);
    this.status.dataset['tone'] = this.reconnecting ? 'warning' : 'calm';
    const there = before ? 'Waiting to be let in' : company(others.length);
    tell(this.status, this.reconnecting ? 'The connection was lost. Reconnecting…' : there);
    part(this.element, 'alone', HTMLElement).hidden = others.length > 0 || this.reconnecting || before;
    part(this.element, 'outside', HTMLElement).hidden = !before;
    part(this.element, 'sound-blocked', HTMLElement).hidden = room.canPlaybackAudio;
  }

  /** The button names the layout it leads to. */
  private drawLayout(layout: Layout): void {
    this.layout = layout;
    const button = part(this.element, 'layout-button', HTMLButtonElement);
    say(part(button, 'label', HTMLElement), layout === 'grid' ? 'Speaker view' : 'Grid view');
    button.title = layout === 'grid' ? 'Show whoever speaks large' : 'Show everybody in a grid';
    icon(button, layout === 'grid' ? 'i-speaker-layout' : 'i-grid');
  }
}
