/** How well somebody is connected, as the server judges it: the share of sound and video that is lost on the
 * way to the server or from it. */

import { ConnectionQuality } from 'livekit-client';

import { icon, part, tell } from '../dom';

export type Connection = 'good' | 'fair' | 'poor' | 'lost';

interface Look {
  symbol: string;
  words: string;
  meaning: string;
}

const LOOKS: Record<Connection, Look> = {
  good: { symbol: 'i-signal-good', words: 'good connection', meaning: 'Good connection' },
  fair: {
    symbol: 'i-signal-fair',
    words: 'fair connection',
    meaning: 'Fair connection: some sound and video is lost on the way',
  },
  poor: {
    symbol: 'i-signal-poor',
    words: 'poor connection',
    meaning: 'Poor connection: much sound and video is lost on the way',
  },
  lost: { symbol: 'i-signal-lost', words: 'no connection', meaning: 'No connection at the moment' },
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
  return connection ? LOOKS[connection].meaning : '';
}

/** Draws into `connection` inside `root`: hidden where there is nothing to say. */
export function showConnection(root: HTMLElement, connection: Connection | null): void {
  const element = part(root, 'connection', HTMLElement);
  element.hidden = connection === null;
  if (connection === null) return;
  const { symbol, words, meaning } = LOOKS[connection];
  element.dataset['connection'] = connection;
  if (element.title !== meaning) element.title = meaning;
  icon(element, symbol);
  tell(part(element, 'connection-words', HTMLElement), words);
}
