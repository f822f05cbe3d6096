/** The list of people, the door, and the chat. */
export const people = {
  button: 'People',
  title: { one: 'People ({count})', other: 'People ({count})' },
  close: 'Close the list of people',
  you: '{name} (you)',
  hand: 'Hand raised',
  handPlace: 'hand raised, number',
  sharing: 'Sharing the screen',
  cameraOff: 'Camera off',
  muted: 'Muted',
  more: 'More about {name}',
  moreVolume: 'More about {name}, volume {volume}',
  sentence: '{words}.',
  percent: '{number} %',
  volume: 'Volume {percent}',
  volumeOf: 'Volume of {name}',
  quality: 'Video quality',
  qualityOf: 'Quality of the video of {name}',
  qualityAutomatic: 'Automatic',
  qualityHigh: 'High',
  qualityMedium: 'Medium',
  qualityLow: 'Low',
  qualityOff: 'Off',
  videoOff: 'Their video is off: it is not sent to you.',
  size: 'Their video reaches you at {width} × {height}.',
  videoPaused: 'Their video is paused: your connection carries no more.',
} as const;

/** How well somebody is connected: a few words, and what they mean. */
export const connection = {
  good: 'good connection',
  goodMeans: 'Good connection',
  fair: 'fair connection',
  fairMeans: 'Fair connection: some sound and video is lost on the way',
  poor: 'poor connection',
  poorMeans: 'Poor connection: much sound and video is lost on the way',
  lost: 'no connection',
  lostMeans: 'No connection at the moment',
} as const;

/** Moderation. */
export const door = {
  list: 'Waiting to be let in',
  waits: '{name} waits to be let in',
  admit: 'Let in',
  refuse: 'Refuse',
  rules: 'You moderate this room',
  lobby: 'Who is new waits to be let in',
  locked: 'Locked: nobody new comes in',
  screens: 'Only moderators share a screen',
  mute: 'Mute',
  lowerHand: 'Lower hand',
  remove: 'Remove',
  removeTitle: 'Remove {name}?',
  removeText: 'They leave the call at once, and can join again with the link.',
  ban: 'Ban',
  banTitle: 'Ban {name}?',
  banText: 'They leave the call at once, and this identity is kept out until the room ends. A guest who joins anew has another identity: lock the room, or let newcomers wait, to keep them out too.',
} as const;

/** Who receives this person, as the relay says. */
export const receivers = {
  title: 'Who receives you now',
  nothing: 'gets nothing of yours',
  gets: 'gets your {tracks}',
  paused: 'has your {tracks} paused',
  not: 'does not get your {tracks}',
  between: ', ',
  muted: '{track} (muted)',
  goes: 'Your {track} goes to {names}.',
  goesNowhere: 'Your {track} goes to nobody.',
  goesPaused: 'Your {track} goes to {names}, and is paused for {paused}.',
  goesNowherePaused: 'Your {track} goes to nobody, and is paused for {paused}.',
  others: { one: '{count} other', other: '{count} others' },
  silent: 'You send no sound and no video.',
  stranger: 'The relay sends to somebody who is not in this list: {names}. Stop sending, and tell the operator.',
  account: 'The account of the relay, {age}. It sends to nobody else.',
  unsaid: 'The server does not say at the moment. It is asked again.',
  asked: 'The server is asked…',
} as const;

/** What is sent, by the server's words for where it comes from. */
export const sent = {
  microphone: 'sound',
  camera: 'video',
  screen_share: 'screen',
  screen_share_audio: 'screen’s sound',
  audio: 'other sound',
  video: 'other video',
} as const;

export const chat = {
  title: 'Chat',
  unread: { one: ', {count} unread', other: ', {count} unread' },
  close: 'Close the chat',
  note: 'Messages are not kept. This server only hands them on to those who are here now, and this page forgets them when you leave. Others can still copy what you write. {encrypted}{clear}',
  encrypted: 'They are encrypted end to end: the server cannot read them.',
  clear: 'They are not encrypted end to end.',
  messages: 'Messages',
  reader: 'In this room you can read, not write.',
  write: 'Message to everyone',
  send: 'Send',
  left: { one: '{count} character left', other: '{count} characters left' },
  unsent: 'This could not be sent. Your words are still here: try again once you are connected.',
  messageClear: 'not encrypted end to end',
  news: '{name}: {text}',
} as const;
