/** What the state of a call is in plain words. */

import { ConnectionError, ConnectionErrorReason, DisconnectReason } from 'livekit-client';

import { counted } from '../duration';
import { withoutCode } from '../support-code';

export interface Failure {
  text: string;
  /** The support code; empty where the server named none. */
  code: string;
}

/** Why joining failed, and what may help. Server text is bounded and shown only where it refused.
 * `withoutLoopback`: the browser sends no media to the address that the server has. */
export function joinFailure(error: unknown, withoutLoopback: boolean): Failure {
  const { text, code } = withoutCode(error instanceof ConnectionError ? error.message : '');
  return { text: failureInWords(error, text, withoutLoopback), code };
}

function failureInWords(error: unknown, refusal: string, withoutLoopback: boolean): string {
  if (!(error instanceof ConnectionError)) return 'Joining failed. Try again.';
  switch (error.reason) {
    case ConnectionErrorReason.NotAllowed:
      return `The server did not let you in: ${refusal.slice(0, 200)}`;
    case ConnectionErrorReason.ServerUnreachable:
    case ConnectionErrorReason.WebSocket:
      return 'The server cannot be reached. Check your connection and try again.';
    case ConnectionErrorReason.Timeout:
    case ConnectionErrorReason.InternalError:
      if (withoutLoopback) {
        return (
          'Firefox sends no sound and video to its own machine’s 127.0.0.1, where a server for development ' +
          'listens. Use another browser here, or serve the local network: make run LAN=1.'
        );
      }
      return (
        'The server answered, but the call could not be set up. A firewall between you and the server may be ' +
        'keeping sound and video out.'
      );
    case ConnectionErrorReason.Cancelled:
      return 'Joining was cancelled.';
    default:
      return 'The server ended the attempt to join. Try again.';
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
      return 'You joined from somewhere else, so this page left the call';
    case DisconnectReason.SERVER_SHUTDOWN:
      return 'The server is shutting down';
    case DisconnectReason.PARTICIPANT_REMOVED:
      return 'A moderator or an operator removed you from the room';
    case DisconnectReason.USER_REJECTED:
      return 'A moderator did not let you in';
    case DisconnectReason.USER_UNAVAILABLE:
      return 'Nobody was there to let you in';
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return 'The room was closed';
    case DisconnectReason.JOIN_FAILURE:
    case DisconnectReason.CONNECTION_TIMEOUT:
    case DisconnectReason.MEDIA_FAILURE:
      return 'Sound and video could not reach the server';
    default:
      return 'The connection to the server was lost';
  }
}

/** How many are in the call, the person included. */
export function company(others: number): string {
  return others === 0 ? 'You are the only one here' : `${counted(others + 1, 'person', 'people')} in the call`;
}

/** The start of a message, for those who have the chat closed. */
export function newsOfMessage(name: string, text: string): string {
  const line = text.replace(/\s+/gu, ' ');
  const signs = Array.from(line);
  return `${name}: ${signs.length > 90 ? `${signs.slice(0, 89).join('')}…` : line}`;
}
