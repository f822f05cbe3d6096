/** What the call's page says of end-to-end encryption, and the dialog for another key. */

import { type Participant, RoomEvent } from 'livekit-client';

import { bindDialog } from '../call/dialogs';
import { copyText } from '../call/copy';
import { linkOf } from '../call/invite';
import type { Call, CallPart } from '../call/parts';
import { nameOf } from '../call/roster';
import { hide, icon, mark, part, tell } from '../dom';
import { othersIn } from '../door/told';
import { languageQuery } from '../languages/choice';
import { phrase } from '../languages/language';
import { keepInvitation } from './address';
import { KeyField } from './key-field';
import { markLock } from './marks';
import { callInWords, differenceInWords, type Protection, protectionOf } from './protection';
import { Reading } from './reading';

export class EncryptionPart implements CallPart {
  private readonly reading: Reading;
  private readonly field: KeyField;
  private readonly dialog: HTMLDialogElement;

  constructor(private readonly call: Call) {
    const { root, room, encryption } = call;
    this.reading = new Reading(room, call.redraw);
    this.dialog = bindDialog(root, 'encryption');
    this.field = new KeyField(this.dialog);
    room.on(RoomEvent.ParticipantEncryptionStatusChanged, call.redraw);
    // A worker that broke down says no name, and nothing is sent or played any more.
    room.on(RoomEvent.EncryptionError, (error, person) => {
      if (encryption && !person && !error?.message) {
        call.problem(phrase('encryption.brokeDown'));
      }
    });
    root.dataset['encrypted'] = String(encryption !== null);
    part(this.dialog, 'encrypted-words', HTMLElement).hidden = encryption === null;
    part(this.dialog, 'clear-words', HTMLElement).hidden = encryption !== null;
    part(root, 'chat-encrypted', HTMLElement).hidden = encryption === null;
    part(root, 'chat-clear', HTMLElement).hidden = encryption !== null;
    this.dialog.addEventListener('close', () => this.field.show(false));
    icon(part(root, 'encryption-button', HTMLButtonElement), encryption ? 'i-lock' : 'i-lock-open');
    for (const name of ['encryption-button', 'encryption-state', 'other-key']) {
      part(root, name, HTMLButtonElement).addEventListener('click', () => this.open());
    }
    part(root, 'other-key', HTMLButtonElement).addEventListener('click', () => this.field.focus());
    part(root, 'key-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.change();
    });
    part(this.dialog, 'copy-key-link', HTMLButtonElement).addEventListener('click', () => void this.copy());
  }

  draw(): void {
    const { room, root, encryption } = this.call;
    const protections = new Map<string, Protection | null>();
    const differing: string[] = [];
    for (const person of othersIn(room)) {
      const protection = this.protectionOf(person);
      protections.set(person.identity, protection);
      if (protection === 'unreadable') differing.push(nameOf(person));
    }
    const others = [...protections.values()];
    const { words, calm } = callInWords(encryption !== null && room.isE2EEEnabled, others);
    const own: Protection = room.isE2EEEnabled ? 'encrypted' : 'clear';
    protections.set(room.localParticipant.identity, encryption ? own : null);
    // Tiles and lines are drawn by the parts they are of, before this one.
    for (const lock of root.querySelectorAll('[data-part=lock]')) {
      const whose = lock.closest<HTMLElement>('[data-identity]');
      if (whose) markLock(whose, protections.get(whose.dataset['identity'] ?? '') ?? null);
    }
    const state = part(root, 'encryption-state', HTMLElement);
    hide(state, encryption === null);
    mark(state, 'tone', calm ? 'calm' : 'warning');
    icon(state, calm ? 'i-lock' : 'i-lock-open');
    tell(part(state, 'encryption-words', HTMLElement), words);
    const notice = part(root, 'keys-differ', HTMLElement);
    hide(notice, differing.length === 0);
    tell(part(notice, 'keys-differ-words', HTMLElement), differenceInWords(differing, encryption !== null));
    hide(part(root, 'other-key', HTMLElement), encryption === null);
  }

  close(): void {
    this.reading.close();
  }

  private protectionOf(person: Participant): Protection | null {
    const tracks = [...person.trackPublications.values()].map((each) => each.isEncrypted);
    const unreadable = this.reading.isUnreadable(person);
    return protectionOf({ tracks, unreadable }, this.call.encryption !== null);
  }

  private open(): void {
    this.field.key = this.call.encryption?.key ?? '';
    if (!this.dialog.open) this.dialog.showModal();
  }

  private async change(): Promise<void> {
    const { encryption, roomName, announce } = this.call;
    const { key } = this.field;
    if (!encryption || key === '') return this.field.focus();
    this.dialog.close();
    if (key === encryption.key) return;
    await encryption.change(key);
    keepInvitation({ room: roomName, key }, location.pathname + languageQuery());
    this.reading.keyChanged();
    announce(phrase('encryption.keyChanged'));
  }

  private async copy(): Promise<void> {
    const link = linkOf(this.call);
    const copied = await copyText(link);
    tell(part(this.dialog, 'key-copied', HTMLElement), copied ? phrase('encryption.linkCopied') : link);
  }
}
