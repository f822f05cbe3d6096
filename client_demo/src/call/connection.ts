/** How well somebody is connected, as the server judges it: the share of sound and video that is lost on the
 * way to the server or from it. */

import { ConnectionQuality } from 'livekit-client';

import { hide, icon, mark, part, tell } from '../dom';
import { phrase } from '../languages/language';

export type Connection = 'good' | 'fair' | 'poor' | 'lost';

const SYMBOLS: Record<Connection, string> = {
  good: 'i-signal-good',
  fair: 'i-signal-fair',
  poor: 'i-signal-poor',
  lost: 'i-signal-lost',
};

/** Null while the server has said nothing. */
export function connectionOf(quality: ConnectionQuality): Connection | null {
  switch (quality) {
    case ConnectionQuality.Excellent:
      return 'good';
    case ConnectionQuality.Good:
      return 'fair';
    case ConnectionQuality.Poor:
      return 'poor';
    case ConnectionQuality.Lost:
      return 'lost';
    default:
      return null;
  }
}

/** A sentence without its full stop; empty while the server has said nothing. */
export function meaningOf(quality: ConnectionQuality): string {
  const connection = connectionOf(quality);
  return connection ? phrase(`connection.${connection}Means`) : '';
}

/** Draws into `connection` inside `root`: hidden where there is nothing to say. */
export function showConnection(root: HTMLElement, connection: Connection | null): void {
  const element = part(root, 'connection', HTMLElement);
  hide(element, connection === null);
  if (connection === null) return;
  const meaning = phrase(`connection.${connection}Means`);
  mark(element, 'connection', connection);
  if (element.title !== meaning) element.title = meaning;
  icon(element, SYMBOLS[connection]);
  tell(part(element, 'connection-words', HTMLElement), phrase(`connection.${connection}`));
}
