/** Which key does what during a call: pure, so that what is left alone is tested. */

export const SHORTCUTS = [
  { key: 'm', action: 'mute', button: 'mic-button', words: 'Mute or unmute' },
  { key: ' ', shown: 'Space', action: 'talk', words: 'Hold to talk while you are muted' },
  { key: 'v', action: 'camera', button: 'camera-button', words: 'Start or stop video' },
  { key: 's', action: 'share', button: 'share-button', words: 'Share the screen, or stop' },
  { key: 'h', action: 'hand', button: 'hand-button', words: 'Raise or lower your hand' },
  { key: 'r', action: 'react', button: 'reactions-button', words: 'Choose a reaction' },
  { key: 'c', action: 'chat', button: 'chat-button', words: 'Open or close the chat' },
  { key: 'p', action: 'people', button: 'people-button', words: 'Open or close the list of people' },
  { key: 'l', action: 'layout', button: 'layout-button', words: 'Grid or speaker layout' },
  { key: 'arrowleft', shown: '←', action: 'page-back', words: 'Page back' },
  { key: 'arrowright', shown: '→', action: 'page-forward', words: 'Page forward' },
  { key: 'o', action: 'self', button: 'self-button', words: 'Show or hide your own tile' },
  { key: 'f', action: 'full-screen', button: 'full-screen-button', words: 'Full screen' },
  { key: 'i', action: 'picture', button: 'picture-button', words: 'Picture in picture' },
  { key: '?', action: 'keys', button: 'keys-button', words: 'Show this list' },
] as const;

export type Action = (typeof SHORTCUTS)[number]['action'];

export interface KeyPress {
  key: string;
  /** The key's place on the keyboard, for alphabets without the letter. */
  code: string;
  /** Control, Alt or Meta is held: the browser's own shortcuts. */
  modified: boolean;
  /** Held down. */
  repeat: boolean;
  /** The focus is where keys write or choose. */
  typing: boolean;
}

export function actionOf(press: KeyPress): Action | null {
  if (press.modified || press.repeat || press.typing) return null;
  const key = press.key.toLowerCase();
  const letter = /^[a-z]$/.test(key) || press.key.length !== 1 ? '' : /^Key([A-Z])$/.exec(press.code)?.[1]?.toLowerCase();
  return SHORTCUTS.find((each) => each.key === key || each.key === letter)?.action ?? null;
}

/** Whether the space bar presses what has the focus. */
export function isPressable(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('button, a, summary, [role=button]') !== null;
}

/** Whether keys pressed on `target` write, choose or answer something there. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select, dialog') !== null;
}
