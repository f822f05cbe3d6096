/** Conducts: the badge always, and one page at a time. */

import { type DisconnectReason, getLogger, LoggerNames, LogLevel, Room } from 'livekit-client';

import { CallPage } from './call/call-page';
import { isWithoutLoopback, joinFailure } from './call/words';
import { part } from './dom';
import { Badge } from './guarantee/badge';
import { watch } from './guarantee/watch';
import { keepInvitation, openInvitation } from './encryption/address';
import { CallEncryption } from './encryption/call-encryption';
import { callToken } from './call-token';
import { askForToken } from './guest-token';
import { JoinPage, type JoinRequest } from './join/join-page';
import { kept } from './join/kept-name';
import type { CallSummary } from './join/summary';
import { languageQuery, openInLanguage } from './languages/choice';
import { phrase } from './languages/language';
import { type Invitation, serverUrl } from './link';
import { LocalMedia } from './media/local-media';
import { Sound } from './media/sound';
import { askForReceipt } from './receipt/receipt';
import { supportCodeOf } from './support-code';

// The library tells the browser's console of errors only. Its own `setLogLevel` would keep that choice in the
// browser's storage; the default of its root logger, which the others take over, is not kept.
getLogger(LoggerNames.Default).setDefaultLevel(LogLevel.error);

await openInLanguage(kept().language);

const main = part(document, 'main', HTMLElement);
const media = new LocalMedia();
const sound = new Sound(part(document, 'sound', HTMLElement));
// The wall clock goes on while a machine sleeps, which is when evidence grows old unseen.
const clock = (): number => Date.now();

const badge = new Badge(part(document, 'guarantee', HTMLElement), clock);
const guarantee = watch((reading) => badge.show(reading), clock);

showJoin({ invitation: openInvitation(), name: '', summary: null });
void media.openBoth();

function showJoin(before: { invitation: Invitation; name: string; summary: CallSummary | null }): void {
  const page = new JoinPage({ ...before, media, sound, onJoin: (request) => void join(page, request) });
  const followLink = (): void => page.invite(openInvitation());
  window.addEventListener('hashchange', followLink);
  document.title = 'Offrecord';
  document.body.dataset['page'] = 'join';
  main.replaceChildren(page.element);
  page.focus();

  async function join(from: JoinPage, request: JoinRequest): Promise<void> {
    const answer = await askForToken(request);
    if (answer.kind === 'policy') return from.askPolicy(request.policy, answer.message);
    if (answer.kind === 'passcode') return from.askPasscode(answer.message);
    if (answer.kind === 'age') return from.askAge(answer.message);
    if (answer.kind === 'refused') return from.failed(answer.message, answer);
    if (answer.encryptionRequired && request.key === null) return from.askKey(phrase('encryption.wanted'));
    const encryption = request.key === null ? null : await CallEncryption.with(request.key);
    const call = newRoom(encryption);
    const server = serverUrl(answer.url, location.href);
    try {
      if (encryption) await call.setE2EEEnabled(true);
      await call.connect(server, answer.token);
      await encryption?.begun(call);
    } catch (error) {
      encryption?.close();
      void call.disconnect();
      const failure = joinFailure(error, isWithoutLoopback(navigator.userAgent, location.hostname));
      from.failed(failure.text, { code: failure.code || supportCodeOf(call), refusal: failure.refusal });
      return;
    }
    window.removeEventListener('hashchange', followLink);
    from.close();
    showCall(call, encryption, request, answer.token, server);
  }
}

function showCall(
  room: Room,
  encryption: CallEncryption | null,
  { room: roomName, name }: JoinRequest,
  joinedWith: string,
  server: string,
): void {
  const startedAt = clock();
  // The address becomes the invitation; the room's name leaves the query, which servers may log.
  keepInvitation({ room: roomName, key: encryption?.key ?? null }, location.pathname + languageQuery());
  document.body.dataset['page'] = 'call';
  guarantee.during(joinedWith);
  const token = callToken(joinedWith, room.engine, (fresh) => guarantee.during(fresh));
  const page = new CallPage({ room, server, token, roomName, encryption, media, sound, onEnd });
  main.replaceChildren(page.element);
  page.focus();

  function onEnd(reason: DisconnectReason | undefined, others: number): void {
    page.close();
    encryption?.close();
    guarantee.during('');
    media.release();
    const summary = {
      room: roomName,
      milliseconds: clock() - startedAt,
      others,
      reason,
      supportCode: supportCodeOf(room),
      encrypted: encryption !== null,
      receipt: askForReceipt(token(), room.localParticipant.sid),
    };
    showJoin({ invitation: { room: roomName, key: encryption?.key ?? null }, name, summary });
  }
}

function newRoom(encryption: CallEncryption | null): Room {
  return new Room({
    // Data too: chat and whatever else the page sends.
    ...(encryption ? { encryption: encryption.options } : {}),
    // Tiles ask for the size they are shown in, and for nothing while they are hidden.
    adaptiveStream: true,
    // Nothing is encoded and sent that nobody is shown.
    dynacast: true,
  });
}
