/** What was written in this call, and how much of it is unread. Bounded: peers decide what arrives. */

/** Signs in one message. */
export const LONGEST = 2_000;
/** Messages held. The oldest go first. */
export const MOST = 500;
/** Signs of a name. */
const LONGEST_NAME = 64;

export interface Message {
  /** Counts up within this page. */
  number: number;
  name: string;
  self: boolean;
  text: string;
  /** Milliseconds of the page's clock, at arrival: the sender's clock is nobody's business. */
  at: number;
}

export class ChatLog {
  readonly messages: Message[] = [];
  unread = 0;
  private arrived = 0;

  /** Adds what somebody wrote; null where nothing is left of it. `seen`: it is in front of the reader. */
  add(written: { name: string; self: boolean; text: string; at: number; seen: boolean }): Message | null {
    const text = tidy(written.text);
    if (!text) return null;
    const message: Message = {
      number: this.arrived,
      name: cut(written.name, LONGEST_NAME),
      self: written.self,
      text,
      at: written.at,
    };
    this.arrived += 1;
    this.messages.push(message);
    if (this.messages.length > MOST) this.messages.shift();
    if (!written.self && !written.seen) this.unread += 1;
    return message;
  }

  read(): void {
    this.unread = 0;
  }
}

/** Without the signs that are no text (controls, and those that turn the direction of what follows), with at
 * most one empty line in a row, trimmed and cut. */
export function tidy(text: string): string {
  const plain = text
    .slice(0, LONGEST * 2)
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  return cut(plain, LONGEST);
}

/** At most `most` signs; what was cut off leaves an ellipsis. Pairs of surrogates stay whole. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** For the button: "", "3", "99+". */
export function countWords(unread: number): string {
  if (unread === 0) return '';
  return unread > 99 ? '99+' : String(unread);
}
