/** What the parts of the call's page share, and what a part is. */

import type { Room } from 'livekit-client';

import type { TokenNow } from '../call-token';
import type { CallEncryption } from '../encryption/call-encryption';
import type { LocalMedia } from '../media/local-media';
import type { Sound } from '../media/sound';
import type { Action } from './keys';

/** What a call is joined with. */
export interface CallOptions {
  room: Room;
  /** The address that was connected to. */
  server: string;
  token: TokenNow;
  roomName: string;
  /** Null where the call is not encrypted end to end. */
  encryption: CallEncryption | null;
  media: LocalMedia;
  sound: Sound;
}

export interface Call extends CallOptions {
  /** The page's element. */
  root: HTMLElement;
  /** Aborted when the page is closed. */
  closed: AbortSignal;
  /** Shows and speaks what just happened, for a while. Empty takes it away. */
  announce: (text: string) => void;
  /** Shows why something was not done; `quoted`: in the server's words. Empty takes it away. */
  problem: (text: string, quoted?: boolean) => void;
  /** Draws every part anew, once for all that ask in one turn. */
  redraw: () => void;
}

export interface CallPart {
  /** What keys do here. False: the key is not taken, and is left to the browser. */
  keys?: Partial<Record<Action, () => boolean | void>>;
  /** Makes the part equal to the room, which alone knows how things are. */
  draw?: () => void;
  close?: () => void;
}
