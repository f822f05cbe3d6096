/** The chat and the list of people beside the stage, and how much of the chat is unread. */

import { ChatPanel } from '../chat/chat-panel';
import { countWords, type Message } from '../chat/log';
import { part, say, tell } from '../dom';
import { Door } from '../door/door';
import { phrase } from '../languages/language';
import { Receivers } from '../receivers/watch';
import { bindQuestion } from './dialogs';
import type { Call, CallPart } from './parts';
import { type OnLine, PeopleList } from './people';
import { type Marks, peopleOf } from './roster';
import { Side, type SideName } from './side';
import { newsOfMessage } from './words';

export class Conversation implements CallPart {
  readonly keys = {
    chat: (): void => this.side.toggle('chat'),
    people: (): void => this.side.toggle('people'),
  };
  private readonly chat: ChatPanel;
  private readonly side: Side;
  private readonly door: Door;
  private readonly people: PeopleList;
  private readonly receivers: Receivers;
  unread = 0;

  /** `onLine` adds to a line of the list what another part has for that person. */
  constructor(
    private readonly call: Call,
    private readonly marks: Marks,
    onLine: OnLine,
  ) {
    const { root, room, token, problem } = call;
    this.chat = new ChatPanel({
      root,
      room,
      isSeen: () => this.side.isOpen('chat'),
      onChange: (unread, message) => this.drawUnread(unread, message),
    });
    this.receivers = new Receivers(root, room, token, call.redraw);
    this.side = new Side(root, (name) => this.onOpen(name), (name) => this.receivers.watch(name === 'people'));
    this.door = new Door(root, { room, token, onProblem: problem, ask: bindQuestion(root) });
    this.people = new PeopleList(root, (line, identity, isNew) => {
      this.door.showPerson(line, identity, isNew);
      this.receivers.drawPerson(line, identity);
      onLine(line, identity, isNew);
    });
  }

  draw(): void {
    // A list that nobody sees is drawn once it is opened.
    if (this.side.isOpen('people')) this.people.show(peopleOf(this.call.room, this.marks));
    this.door.draw();
  }

  close(): void {
    this.chat.close();
    this.receivers.close();
  }

  private onOpen(name: SideName): void {
    if (name === 'chat') {
      this.chat.read();
      this.chat.focus();
    } else {
      part(this.call.root, 'people-title', HTMLElement).focus();
      this.call.redraw();
    }
  }

  private drawUnread(unread: number, message: Message | null): void {
    const button = part(this.call.root, 'chat-button', HTMLButtonElement);
    say(part(button, 'unread', HTMLElement), countWords(unread));
    tell(part(button, 'unread-words', HTMLElement), unread > 0 ? phrase('chat.unread', { count: unread }) : '');
    if (message) this.call.announce(newsOfMessage(message.name, message.text));
    else if (unread === 0 && this.unread > 0) this.call.announce('');
    this.unread = unread;
    this.call.redraw(); // the title of the tab has the number
  }
}
