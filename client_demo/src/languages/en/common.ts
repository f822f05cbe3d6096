/** Used in more than one place. */
export const common = {
  home: 'Offrecord, start page',
  close: 'Close',
  done: 'Done',
  copy: 'Copy',
  copied: 'Copied',
  cancel: 'Cancel',
  you: 'You',
  policy: 'Privacy policy',
  read: 'Read it',
  unreachable: 'The server cannot be reached. Check your connection and try again.',
  unsaid: 'The server did not say whether it was done. Try again in a moment.',
} as const;

/** How long ago something was. */
export const time = {
  now: 'just now',
  seconds: '{number} s ago',
  minutes: '{number} min ago',
  hours: '{number} h ago',
  some: 'some time',
} as const;
