/** The chat: what was written, as plain text, and a place to write. Gone with the call's page. */

import { type Room, RoomEvent } from 'livekit-client';

import { nameOf } from '../call/roster';
import { make, part, say } from '../dom';
import { locale, phrase } from '../languages/language';
import { listen, send } from './line';
import { ChatLog, LONGEST, type Message, MOST, tidy } from './log';

/** Signs left below which they are counted for the writer. */
const FEW_LEFT = 200;

export interface ChatPanelOptions {
  root: HTMLElement;
  room: Room;
  /** Whether what arrives is in front of the reader. */
  isSeen: () => boolean;
  /** Something arrived, or was read. */
  onChange: (unread: number, unseen: Message | null) => void;
}

export class ChatPanel {
  private readonly log = new ChatLog();
  private readonly list: HTMLElement;
  private readonly scroller: HTMLElement;
  private readonly text: HTMLTextAreaElement;
  private readonly form: HTMLFormElement;
  private readonly error: HTMLElement;
  private readonly left: HTMLElement;
  private readonly times = new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit' });
  private sending = false;
  readonly close: () => void;

  constructor(private readonly options: ChatPanelOptions) {
    const { root, room } = options;
    this.scroller = part(root, 'messages', HTMLElement);
    this.list = part(root, 'message-list', HTMLElement);
    this.form = part(root, 'chat-form', HTMLFormElement);
    this.text = part(root, 'chat-text', HTMLTextAreaElement);
    this.error = part(root, 'chat-error', HTMLElement);
    this.left = part(root, 'chat-left', HTMLElement);
    this.text.maxLength = LONGEST;
    this.text.addEventListener('input', () => this.drawLeft());
    this.text.addEventListener('keydown', (event) => {
      // While an input method composes, Enter chooses a word.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.submit();
    });
    const closeLine = listen(room, (identity, text, encrypted) => {
      const sender = room.getParticipantByIdentity(identity);
      if (sender) this.add(nameOf(sender), false, text, encrypted);
    });
    const onVisible = (): void => {
      if (!document.hidden && options.isSeen()) this.read();
    };
    document.addEventListener('visibilitychange', onVisible);
    const drawRight = (): void => this.drawRight();
    room.on(RoomEvent.ParticipantPermissionsChanged, drawRight);
    this.drawRight();
    this.close = () => {
      closeLine();
      document.removeEventListener('visibilitychange', onVisible);
    };
  }

  /** The panel was opened. */
  read(): void {
    this.log.read();
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.options.onChange(0, null);
  }

  focus(): void {
    // A phone would raise its keyboard over what there is to read.
    if (matchMedia('(pointer: fine)').matches) this.text.focus();
    else part(this.options.root, 'chat-title', HTMLElement).focus();
  }

  private async submit(): Promise<void> {
    const { room } = this.options;
    const text = tidy(this.text.value);
    if (!text || this.sending) return;
    this.sending = true;
    this.form.setAttribute('aria-busy', 'true');
    try {
      await send(room, text);
      if (tidy(this.text.value) === text) this.text.value = '';
      say(this.error, '');
      this.add(phrase('common.you'), true, text, room.hasE2EESetup);
    } catch {
      say(this.error, phrase('chat.unsent'));
    } finally {
      this.sending = false;
      this.form.removeAttribute('aria-busy');
      this.drawLeft();
    }
  }

  private add(name: string, self: boolean, text: string, encrypted: boolean): void {
    const seen = !document.hidden && this.options.isSeen();
    // In a call that is encrypted, whatever could come from the server itself is marked.
    const clear = this.options.room.hasE2EESetup && !encrypted;
    const message = this.log.add({ name, self, text, at: Date.now(), seen });
    if (!message) return;
    const { scroller } = this;
    const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
    this.list.append(this.drawn(message, clear));
    while (this.list.childElementCount > MOST) this.list.firstElementChild?.remove();
    // A reader who scrolled up is left there.
    if (atEnd || self) scroller.scrollTop = scroller.scrollHeight;
    this.options.onChange(this.log.unread, seen || self ? null : message);
  }

  private drawn(message: Message, clear: boolean): HTMLElement {
    const item = make('li', 'message');
    item.dataset['testid'] = 'chat-message';
    item.dataset['self'] = String(message.self);
    const head = make('p', 'message-head');
    const name = make('bdi', 'message-name', message.name);
    const time = make('time', '', this.times.format(message.at));
    head.append(name, time);
    if (clear) head.append(make('span', 'message-clear', phrase('chat.messageClear')));
    const words = make('p', 'message-text', message.text);
    words.dir = 'auto';
    item.append(head, words);
    return item;
  }

  private drawLeft(): void {
    const left = LONGEST - this.text.value.length;
    say(this.left, left < FEW_LEFT ? phrase('chat.left', { count: left }) : '');
  }

  /** Where the room's rules let this person only read, there is nothing to write in. */
  private drawRight(): void {
    const may = this.options.room.localParticipant.permissions?.canPublishData ?? true;
    this.form.hidden = !may;
    part(this.options.root, 'chat-reader', HTMLElement).hidden = may;
  }
}
