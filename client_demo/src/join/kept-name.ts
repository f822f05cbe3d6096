/** The person's name, kept in this browser only where they asked for it, and with it which version of the privacy
 * policy they were shown, so that a change can be pointed out to them, and the language where they chose one. */

const KEY = 'offrecord.name';

export interface Kept {
  name: string;
  /** Empty where no policy was shown. */
  policy: string;
  /** Empty where none was chosen: that of the browser. */
  language: string;
}

export function kept(): Kept {
  try {
    const [name = '', policy = '', language = ''] = (localStorage.getItem(KEY) ?? '').split('\n');
    return { name, policy, language };
  } catch {
    return { name: '', policy: '', language: '' }; // storage is switched off
  }
}

/** Each is one line. */
export function keep({ name, policy, language }: Kept): void {
  try {
    localStorage.setItem(KEY, [name, policy, language].join('\n').trimEnd());
  } catch {
    // Storage is switched off or full: the name is simply asked for again.
  }
}

export function forget(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Storage is switched off: nothing was kept.
  }
}
