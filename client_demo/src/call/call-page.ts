/** The page during the call: puts its parts together, and draws them when something happened. */

import { type DisconnectReason, ParticipantEvent, RoomEvent, Track } from 'livekit-client';

import { copyOf, hide, part, sayOrQuote } from '../dom';
import { EncryptionPart } from '../encryption/encryption-part';
import { Hands } from '../gestures/hands';
import { Reactions } from '../gestures/reactions';
import { phrase } from '../languages/language';
import { offerDevices } from '../media/device-choice';
import type { DeviceKind } from '../media/problems';
import { bindSwitches } from '../media/switches';
import { Conversation } from './conversation';
import { bindDialog } from './dialogs';
import { Floor } from './floor';
import { fullScreen } from './full-screen';
import { bindHelp } from './help';
import { bindInvite } from './invite';
import type { Action } from './keys';
import { bindMore } from './menu';
import { News } from './news';
import { OwnConnection } from './own-connection';
import type { Call, CallOptions, CallPart } from './parts';
import { bindPolicyNotice } from './policy-notice';
import { Presence } from './presence';
import { publishWhatIsOn } from './publish';
import { PushToTalk } from './push-to-talk';
import { type Marks, soundsOf } from './roster';
import { bindShare } from './share';
import { bindShortcuts } from './shortcuts';
import { bindSupportCode } from './support';
import { tabTitle } from './title';
import { VideoWishes } from './video-wishes';
import { Volumes } from './volumes';
import { keepScreenOn } from './wake-lock';

export interface CallPageOptions extends CallOptions {
  onEnd: (reason: DisconnectReason | undefined, others: number) => void;
}

type Told = 'news.microphoneOn' | 'news.microphoneOff' | 'news.cameraOn' | 'news.cameraOff';

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
  RoomEvent.TrackStreamStateChanged,
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
  private readonly news = new News(part(this.element, 'news', HTMLElement));
  private readonly stop = new AbortController();
  private readonly call: Call;
  private readonly parts: CallPart[];
  private drawing = false;

  constructor(options: CallPageOptions) {
    const { room, roomName, media, sound, onEnd } = options;
    const error = part(this.element, 'error', HTMLElement);
    const call: Call = {
      ...options,
      root: this.element,
      closed: this.stop.signal,
      announce: (text) => this.news.announce(text),
      problem: (text, quoted = false) => sayOrQuote(error, text, quoted),
      redraw: () => this.drawSoon(),
    };
    this.call = call;
    part(this.element, 'room', HTMLElement).textContent = roomName;
    const presence = new Presence(call);
    const hands = new Hands(call);
    const reactions = new Reactions(call);
    const volumes = new Volumes(call);
    const wishes = new VideoWishes(call);
    const marks: Marks = {
      hand: (identity) => hands.place(identity),
      reaction: (identity) => reactions.sign(identity),
      unwanted: (identity) => wishes.isOff(identity),
    };
    const conversation = new Conversation(call, marks, (line, identity, isNew) => {
      hands.showPerson(line, identity, isNew);
      volumes.showPerson(line, identity, isNew);
      wishes.showPerson(line, identity, isNew);
    });
    this.parts = [
      presence,
      bindInvite(call),
      hands,
      reactions,
      new Floor(call, marks),
      volumes,
      wishes,
      new OwnConnection(call),
      conversation,
      tabTitle(call, () => conversation.unread),
      fullScreen(call),
      new PushToTalk(call),
      this.own(),
      new EncryptionPart(call), // marks what the others have drawn
    ];
    bindDialog(this.element, 'devices');
    bindSupportCode(call);
    keepScreenOn(call);
    bindPolicyNotice(this.element, room, options.server);
    part(this.element, 'leave-button', HTMLButtonElement).addEventListener('click', () => void room.disconnect());
    part(this.element, 'play-sound', HTMLButtonElement).addEventListener('click', () => void room.startAudio());
    const closers = [
      bindSwitches(this.element, media),
      bindHelp(this.element, media), // after what it closes is drawn
      offerDevices(this.element, media, sound),
      publishWhatIsOn(room, media, call.problem),
      bindMore(this.element),
      bindShortcuts(this.element, (action) => this.act(action)),
    ];
    call.closed.addEventListener('abort', () => closers.forEach((close) => close()));
    for (const event of REDRAWN_ON) room.on(event, call.redraw);
    room.localParticipant.on(ParticipantEvent.IsSpeakingChanged, call.redraw);
    room.once(RoomEvent.Disconnected, (reason) => onEnd(reason, presence.met.size));
    this.draw();
  }

  focus(): void {
    part(this.element, 'room', HTMLElement).focus();
  }

  close(): void {
    this.stop.abort();
    this.parts.forEach((each) => each.close?.());
    this.news.close();
    this.call.room.removeAllListeners();
    this.call.sound.play(new Set());
    this.element.remove();
  }

  /** What this page sends, the sound it plays, and the list of keys. */
  private own(): CallPart {
    const { room, sound, media } = this.call;
    const share = bindShare(this.element, room, this.call.problem);
    const keys = bindDialog(this.element, 'keys');
    room.on(RoomEvent.TrackMuted, (publication, person) => {
      const { busy, problem } = media.state('microphone');
      // What the person does here is busy meanwhile; a microphone that is unplugged has help of its own.
      if (person !== room.localParticipant || publication.source !== Track.Source.Microphone || busy || problem) return;
      this.call.announce(phrase('news.mutedByModerator'));
    });
    return {
      keys: {
        mute: () => void this.turn('microphone', 'news.microphoneOn', 'news.microphoneOff'),
        camera: () => void this.turn('camera', 'news.cameraOn', 'news.cameraOff'),
        share: share.toggle,
        keys: () => keys.showModal(),
      },
      draw: () => {
        sound.play(soundsOf(room));
        hide(part(this.element, 'sound-blocked', HTMLElement), room.canPlaybackAudio);
      },
      close: share.close,
    };
  }

  /** What a key asks for; whether it was taken. */
  private act(action: Action): boolean {
    const taken = this.parts.map(({ keys }) => keys?.[action]?.());
    return taken.every((each) => each !== false);
  }

  /** By a key: as no button is pressed, what it did is told. */
  private async turn(kind: DeviceKind, on: Told, off: Told): Promise<void> {
    const { media } = this.call;
    await media.turn(kind, !media.state(kind).on);
    if (!this.call.closed.aborted) this.call.announce(phrase(media.state(kind).on ? on : off));
  }

  /** Not by animation frame: those stop while the page is hidden. */
  private drawSoon(): void {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      if (!this.call.closed.aborted) this.draw();
    });
  }

  private draw(): void {
    this.parts.forEach((each) => each.draw?.());
  }
}
