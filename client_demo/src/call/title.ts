/** The title of the tab, for who looks at another: how many wait to be let in, and how much of the chat is unread. */

import { waitingBefore } from '../door/told';
import { phrase } from '../languages/language';
import type { Call, CallPart } from './parts';

export function titleOf(roomName: string, waiting: number, unread: number): string {
  const signs = [
    waiting > 0 ? phrase('call.titleWaiting', { count: waiting }) : '',
    unread > 0 ? phrase('call.titleUnread', { count: unread }) : '',
  ].filter(Boolean);
  return `${signs.length > 0 ? `(${signs.join(', ')}) ` : ''}${roomName} · Offrecord`;
}

export function tabTitle({ room, roomName }: Call, unread: () => number): CallPart {
  return {
    draw: () => {
      const title = titleOf(roomName, waitingBefore(room).length, unread());
      if (document.title !== title) document.title = title;
    },
  };
}
