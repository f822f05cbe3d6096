/** What the state of a call is in plain words. */

import { ConnectionError, ConnectionErrorReason, DisconnectReason } from 'livekit-client';

import { phrase } from '../languages/language';
import { withoutCode } from '../support-code';

export interface Failure {
  text: string;
  /** The support code; empty where the server named none. */
  code: string;
  /** The server's own words within the text, in English; empty where it gave none. */
  refusal: string;
}

/** Why joining failed, and what may help. Server text is bounded and shown only where it refused.
 * `withoutLoopback`: the browser sends no media to the address that the server has. */
export function joinFailure(error: unknown, withoutLoopback: boolean): Failure {
  const { text, code } = withoutCode(error instanceof ConnectionError ? error.message : '');
  const refused = error instanceof ConnectionError && error.reason === ConnectionErrorReason.NotAllowed;
  const refusal = refused ? text.slice(0, 200) : '';
  return { text: failureInWords(error, refusal, withoutLoopback), code, refusal };
}

function failureInWords(error: unknown, refusal: string, withoutLoopback: boolean): string {
  if (!(error instanceof ConnectionError)) return phrase('refused.failed');
  switch (error.reason) {
    case ConnectionErrorReason.NotAllowed:
      return phrase('refused.notLetIn', { why: refusal });
    case ConnectionErrorReason.ServerUnreachable:
    case ConnectionErrorReason.WebSocket:
      return phrase('common.unreachable');
    case ConnectionErrorReason.Timeout:
    case ConnectionErrorReason.InternalError:
      return phrase(withoutLoopback ? 'refused.loopback' : 'refused.firewall');
    case ConnectionErrorReason.Cancelled:
      return phrase('refused.cancelled');
    default:
      return phrase('refused.ended');
  }
}

/** Firefox pairs no address of loopback unless `media.peerconnection.ice.loopback` is set. */
export function isWithoutLoopback(userAgent: string, hostname: string): boolean {
  return /\bFirefox\//u.test(userAgent) && /^(localhost|127(\.\d+){3}|\[::1\])$/u.test(hostname);
}

/** Why a call ended; empty where it was the person's own choice. */
export function endOf(reason: DisconnectReason | undefined): string {
  switch (reason) {
    case DisconnectReason.CLIENT_INITIATED:
      return '';
    case DisconnectReason.DUPLICATE_IDENTITY:
      return phrase('summary.elsewhere');
    case DisconnectReason.SERVER_SHUTDOWN:
      return phrase('summary.shutdown');
    case DisconnectReason.PARTICIPANT_REMOVED:
      return phrase('summary.removed');
    case DisconnectReason.USER_REJECTED:
      return phrase('summary.rejected');
    case DisconnectReason.USER_UNAVAILABLE:
      return phrase('summary.nobody');
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return phrase('summary.roomClosed');
    case DisconnectReason.JOIN_FAILURE:
    case DisconnectReason.CONNECTION_TIMEOUT:
    case DisconnectReason.MEDIA_FAILURE:
      return phrase('summary.noMedia');
    default:
      return phrase('summary.lost');
  }
}

/** How many are in the call, the person included. */
export function company(others: number): string {
  return others === 0 ? phrase('call.onlyYou') : phrase('call.company', { count: others + 1 });
}

/** The start of a message, for those who have the chat closed. */
export function newsOfMessage(name: string, text: string): string {
  const line = text.replace(/\s+/gu, ' ');
  const signs = Array.from(line);
  return phrase('chat.news', { name, text: signs.length > 90 ? `${signs.slice(0, 89).join('')}…` : line });
}
