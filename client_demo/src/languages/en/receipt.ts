/** What the server keeps about a person. */
export const receipt = {
  asking: 'Asking the server what it keeps about you…',
  unsaid: 'The server does not say what it keeps about you right now.',
  unsaidRetry: 'The server does not say what it keeps about you right now. Try again in a moment.',
  title: {
    one: 'Kept about you in this room: {count} entry, until {day}',
    other: 'Kept about you in this room: {count} entries, until {day}',
  },
  titleByLaw: {
    one: 'Kept about you in this room by law: {count} entry, until {day}',
    other: 'Kept about you in this room by law: {count} entries, until {day}',
  },
  nothing: 'Nothing is kept about you in this room',
  erased: 'What was kept about you in this room has been erased',
  name: 'It is kept under the name “{name}”.',
  notKept: 'Not kept',
  when: 'When',
  what: 'What',
  deleted: 'Deleted',
  save: 'Save this receipt',
  hint: 'The file is signed by the server. It holds a key with which anybody can see this list again, and have it changed or erased, so keep it to yourself.',
  later: 'Open it later on this page.',
  eraseOffer: 'Erase what is kept',
  eraseQuestion: {
    one: 'Erase {count} entry about you in this room, for good? Save the receipt first if you want one.',
    other: 'Erase {count} entries about you in this room, for good? Save the receipt first if you want one.',
  },
  eraseYes: 'Erase',
  eraseNo: 'Keep',
  erasing: 'Erasing…',
  erasedEntries: { one: '{count} entry erased.', other: '{count} entries erased.' },
  saveErasure: 'Save the receipt of this erasure',
} as const;

/** The entries of a receipt, in words. */
export const entry = {
  attempt: 'Joining took {duration}{code}.',
  attemptFailed: 'You tried to join{place}, and it failed: {why}{code}.',
  code: ' (support code {code})',
  place: ' from the site “{site}”',
  joined: 'You joined{client}{place}.',
  client: ' with {browser}',
  clientOn: ' with {browser} on {system}',
  library: 'the {sdk} library',
  addressPart: 'The first part of your network address was noted: {network}.',
  addressPseudonym: 'A pseudonym of your network address was noted: {network}.',
  active: 'Sound and picture could pass after {duration}.',
  left: 'Your connection ended after {duration}: {why}.',
  quality: 'It was mostly {usual}, at worst {worst}.',
  on: 'Your {track} went on.',
  onCodec: 'Your {track} went on ({codec}).',
  off: 'Your {track} went off after {duration}.',
  arrived: { one: 'About {count} packet of it arrived.', other: 'About {count} packets of it arrived.' },
  arrivedLost: {
    one: 'About {count} packet of it arrived, {lost} did not.',
    other: 'About {count} packets of it arrived, {lost} did not.',
  },
  qualityChanged: 'From here on your connection was {quality}.',
  publisher: 'What you sent had a line of its own{by} for {duration}: {why}.',
  subscriber: 'What you received had a line of its own{by} for {duration}: {why}.',
  both: 'You sent and received on one line{by} for {duration}: {why}.',
  by: ' by {protocol} and {family}',
  packets: {
    one: 'About {count} packet, of which {lost} were lost.',
    other: 'About {count} packets, of which {lost} were lost.',
  },
  packetsTrip: {
    one: 'About {count} packet, of which {lost} were lost; {trip} to the server and back.',
    other: 'About {count} packets, of which {lost} were lost; {trip} to the server and back.',
  },
  track: 'track',
  unknown: '{what}: {rest}.',
  noMore: 'no more',
} as const;

/** Where a track came from. */
export const sources = {
  camera: 'camera',
  microphone: 'microphone',
  screen_share: 'screen share',
  screen_share_audio: 'sound of the screen share',
} as const;

/** How well somebody was connected. */
export const qualities = {
  excellent: 'excellent',
  good: 'good',
  poor: 'poor',
  lost: 'lost',
} as const;

/** Why a connection ended. */
export const reasons = {
  client_left: 'you left',
  duplicate_identity: 'you joined from somewhere else',
  removed: 'somebody who may do so removed you',
  not_admitted: 'you waited to be let in, and were not',
  room_closed: 'the room was closed',
  server_shutdown: 'the server stopped',
  server_crash: 'the server broke down',
  connection_lost: 'the connection was lost',
  slow_reader: 'your program did not read what it was sent',
  protocol_error: 'your program sent what could not be read',
  state_mismatch: 'your program and the server disagreed',
  never_ready: 'the connection never came up',
  relay_lost: 'a part of the server was replaced',
} as const;

/** Why a line ended. */
export const ends = {
  closed: 'it was closed',
  client_closed: 'your program closed it',
  consent_lost: 'nothing came through any more',
  handshake_failed: 'no keys could be agreed on',
  never_reached: 'it never came up',
  never_keyed: 'it did not come up in time',
  refused: 'the server had no room',
  relay_lost: 'a part of the server was replaced',
  server_crash: 'the server broke down',
} as const;

/** Why joining was refused. */
export const refusals = {
  never_granted: 'your token asked to record, or to be hidden',
  room_missing: 'the room did not exist',
  room_full: 'the room was full',
  room_locked: 'the room was locked',
  banned: 'you were banned from the room',
  room_unencrypted: 'the room was begun without end-to-end encryption',
  no_relay: 'no relay was ready',
  relays_full: 'the server had as many calls as it can carry',
  stopping: 'the server was stopping',
  bad_request: 'the request could not be read',
} as const;
