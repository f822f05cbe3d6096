/** The person's name, kept in this browser only where they asked for it, and with it which version of the privacy
 * policy they were shown, so that a change can be pointed out to them. */

const KEY = 'offrecord.name';

export interface Kept {
  name: string;
  /** Empty where no policy was shown. */
  policy: string;
}

export function kept(): Kept {
  try {
    const [name = '', policy = ''] = (localStorage.getItem(KEY) ?? '').split('\n');
    return { name, policy };
  } catch {
    return { name: '', policy: '' }; // storage is switched off
  }
}

/** A name is one line, and so is a version. */
export function keep({ name, policy }: Kept): void {
  try {
    localStorage.setItem(KEY, policy ? `${name}\n${policy}` : name);
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
