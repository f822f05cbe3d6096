/** Which key does what during a call: pure, so that what is left alone is tested. */

export const SHORTCUTS = [
  { key: 'm', action: 'mute', button: 'mic-button', words: 'keys.mute' },
  { key: ' ', action: 'talk', words: 'keys.talk' },
  { key: 'v', action: 'camera', button: 'camera-button', words: 'keys.camera' },
  { key: 's', action: 'share', button: 'share-button', words: 'keys.share' },
  { key: 'h', action: 'hand', button: 'hand-button', words: 'keys.hand' },
  { key: 'r', action: 'react', button: 'reactions-button', words: 'keys.react' },
  { key: 'c', action: 'chat', button: 'chat-button', words: 'keys.chat' },
  { key: 'p', action: 'people', button: 'people-button', words: 'keys.people' },
  { key: 'l', action: 'layout', button: 'layout-button', words: 'keys.layout' },
  { key: 'arrowleft', shown: '←', action: 'page-back', words: 'keys.pageBack' },
  { key: 'arrowright', shown: '→', action: 'page-forward', words: 'keys.pageForward' },
  { key: 'o', action: 'self', button: 'self-button', words: 'keys.self' },
  { key: 'f', action: 'full-screen', button: 'full-screen-button', words: 'keys.fullScreen' },
  { key: 'i', action: 'picture', button: 'picture-button', words: 'keys.picture' },
  { key: '?', action: 'keys', button: 'keys-button', words: 'keys.keys' },
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
