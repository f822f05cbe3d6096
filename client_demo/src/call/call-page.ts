/** The page during the call. */

import { type DisconnectReason, ParticipantEvent, type Room, RoomEvent } from 'livekit-client';

import { copyOf, part, say, tell } from '../dom';
import { inviteLink } from '../link';
import { offerDevices } from '../media/device-choice';
import type { LocalMedia } from '../media/local-media';
import type { Sound } from '../media/sound';
import { bindSwitches } from '../media/switches';
import { copyText } from './copy';
import { publishWhatIsOn } from './publish';
import { nameOf, soundsOf, tilesOf } from './roster';
import { Stage } from './stage';
import { company } from './words';

export interface CallPageOptions {
  room: Room;
  roomName: string;
  media: LocalMedia;
  sound: Sound;
  onEnd: (reason: DisconnectReason | undefined, others: number) => void;
}

/** How long news stay on the page: long enough to read a link. */
const NEWS_MS = 8_000;

/** Whatever of these happens, the page is drawn anew from the room: it keeps no second account of it. */
const REDRAWN_ON = [
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.ActiveSpeakersChanged,
  RoomEvent.Reconnecting,
  RoomEvent.SignalReconnecting,
  RoomEvent.Reconnected,
  RoomEvent.AudioPlaybackStatusChanged,
] as const;

export class CallPage {
  readonly element = copyOf('call-page');
  private readonly stage = new Stage(part(this.element, 'grid', HTMLElement));
  private readonly status = part(this.element, 'status', HTMLElement);
  private readonly error = part(this.element, 'error', HTMLElement);
  private readonly news = part(this.element, 'news', HTMLElement);
  private readonly closers: (() => void)[] = [];
  private readonly met = new Set<string>();
  private reconnecting = false;
  private drawing = false;
  private quieter: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly options: CallPageOptions) {
    const { room, roomName, media, sound } = options;
    part(this.element, 'room', HTMLElement).textContent = roomName;
    this.closers.push(
      bindSwitches(this.element, media),
      offerDevices(this.element, media, sound),
      publishWhatIsOn(room, media, (message) => say(this.error, message)),
    );
    this.bindButtons();
    this.bindRoom();
    this.draw();
  }

  focus(): void {
    part(this.element, 'room', HTMLElement).focus();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.quieter);
    this.closers.forEach((close) => close());
    this.stage.close();
    this.options.sound.play(new Set());
    this.element.remove();
  }

  private bindButtons(): void {
    const { room, roomName } = this.options;
    part(this.element, 'leave-button', HTMLButtonElement).addEventListener('click', () => void room.disconnect());
    part(this.element, 'play-sound', HTMLButtonElement).addEventListener('click', () => void room.startAudio());

    const devices = part(this.element, 'devices', HTMLDialogElement);
    part(this.element, 'devices-button', HTMLButtonElement).addEventListener('click', () => devices.showModal());
    part(devices, 'devices-close', HTMLButtonElement).addEventListener('click', () => devices.close());
    devices.addEventListener('click', (event) => {
      if (event.target === devices) devices.close(); // the backdrop
    });

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

  private bindRoom(): void {
    const { room } = this.options;
    const redraw = (): void => this.drawSoon();
    for (const event of REDRAWN_ON) room.on(event, redraw);
    room.on(RoomEvent.ParticipantConnected, (person) => this.announce(`${nameOf(person)} joined.`));
    room.on(RoomEvent.ParticipantDisconnected, (person) => this.announce(`${nameOf(person)} left.`));
    const waiting = (): void => void (this.reconnecting = true);
    room.on(RoomEvent.Reconnecting, waiting);
    room.on(RoomEvent.SignalReconnecting, waiting);
    room.on(RoomEvent.Reconnected, () => {
      this.reconnecting = false;
      this.announce('You are back in the call.');
    });
    room.localParticipant.on(ParticipantEvent.IsSpeakingChanged, redraw);
    room.once(RoomEvent.Disconnected, (reason) => this.options.onEnd(reason, this.met.size));
    this.closers.push(() => room.removeAllListeners());
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

  private draw(): void {
    const { room, sound } = this.options;
    const tiles = tilesOf(room);
    this.stage.show(tiles);
    sound.play(soundsOf(room));
    for (const identity of room.remoteParticipants.keys()) this.met.add(identity);

    const others = room.remoteParticipants.size;
    this.status.dataset['tone'] = this.reconnecting ? 'warning' : 'calm';
    tell(this.status, this.reconnecting ? 'The connection was lost. Reconnecting…' : company(others));
    part(this.element, 'alone', HTMLElement).hidden = others > 0;
    part(this.element, 'sound-blocked', HTMLElement).hidden = room.canPlaybackAudio;
  }
}
