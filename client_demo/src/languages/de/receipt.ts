import type { Subject } from '../catalogue';

export const receipt: Subject<'receipt'> = {
  asking: 'Der Server wird gefragt, was er über Sie aufbewahrt …',
  unsaid: 'Der Server sagt im Moment nicht, was er über Sie aufbewahrt.',
  unsaidRetry: 'Der Server sagt im Moment nicht, was er über Sie aufbewahrt. Versuchen Sie es gleich noch einmal.',
  title: {
    one: 'In diesem Raum über Sie aufbewahrt: {count} Eintrag, bis {day}',
    other: 'In diesem Raum über Sie aufbewahrt: {count} Einträge, bis {day}',
  },
  titleByLaw: {
    one: 'In diesem Raum von Gesetzes wegen über Sie aufbewahrt: {count} Eintrag, bis {day}',
    other: 'In diesem Raum von Gesetzes wegen über Sie aufbewahrt: {count} Einträge, bis {day}',
  },
  nothing: 'In diesem Raum wird nichts über Sie aufbewahrt',
  erased: 'Was in diesem Raum über Sie aufbewahrt wurde, ist gelöscht',
  name: 'Es wird unter dem Namen „{name}“ aufbewahrt.',
  notKept: 'Nicht aufbewahrt',
  when: 'Wann',
  what: 'Was',
  deleted: 'Gelöscht am',
  save: 'Diesen Beleg speichern',
  hint: 'Die Datei ist vom Server signiert. Sie enthält einen Schlüssel, mit dem jeder diese Liste wieder sehen und ändern oder löschen lassen kann; behalten Sie sie daher für sich.',
  later: 'Öffnen Sie sie später auf dieser Seite.',
  eraseOffer: 'Löschen, was aufbewahrt wird',
  eraseQuestion: {
    one: '{count} Eintrag über Sie in diesem Raum endgültig löschen? Speichern Sie zuerst den Beleg, wenn Sie einen möchten.',
    other: '{count} Einträge über Sie in diesem Raum endgültig löschen? Speichern Sie zuerst den Beleg, wenn Sie einen möchten.',
  },
  eraseYes: 'Löschen',
  eraseNo: 'Behalten',
  erasing: 'Wird gelöscht …',
  erasedEntries: { one: '{count} Eintrag gelöscht.', other: '{count} Einträge gelöscht.' },
  saveErasure: 'Den Beleg dieser Löschung speichern',
};

export const entry: Subject<'entry'> = {
  attempt: 'Die Teilnahme kam nach {duration} zustande{code}.',
  attemptFailed: 'Sie haben versucht teilzunehmen{place}, und es ist fehlgeschlagen: {why}{code}.',
  code: ' (Support-Code {code})',
  place: ' (Standort „{site}“)',
  joined: 'Teilnahme begonnen{client}{place}.',
  client: ' mit {browser}',
  clientOn: ' mit {browser} unter {system}',
  library: 'der Bibliothek {sdk}',
  addressPart: 'Der erste Teil Ihrer Netzadresse wurde vermerkt: {network}.',
  addressPseudonym: 'Ein Pseudonym Ihrer Netzadresse wurde vermerkt: {network}.',
  active: 'Ton und Bild konnten nach {duration} fließen.',
  left: 'Ihre Verbindung endete nach {duration}: {why}.',
  quality: 'Sie war meist {usual}, im schlechtesten Fall {worst}.',
  on: 'Eingeschaltet: {track}.',
  onCodec: 'Eingeschaltet: {track} ({codec}).',
  off: 'Ausgeschaltet nach {duration}: {track}.',
  arrived: { one: 'Davon kam etwa {count} Paket an.', other: 'Davon kamen etwa {count} Pakete an.' },
  arrivedLost: {
    one: 'Davon kam etwa {count} Paket an, {lost} nicht.',
    other: 'Davon kamen etwa {count} Pakete an, {lost} nicht.',
  },
  qualityChanged: 'Ab hier war Ihre Verbindung {quality}.',
  publisher: 'Was Sie sendeten, hatte eine eigene Leitung{by} während {duration}: {why}.',
  subscriber: 'Was Sie empfingen, hatte eine eigene Leitung{by} während {duration}: {why}.',
  both: 'Sie sendeten und empfingen auf einer Leitung{by} während {duration}: {why}.',
  by: ' über {protocol} und {family}',
  packets: {
    one: 'Etwa {count} Paket, davon verloren: {lost}.',
    other: 'Etwa {count} Pakete, davon verloren: {lost}.',
  },
  packetsTrip: {
    one: 'Etwa {count} Paket, davon verloren: {lost}; zum Server und zurück: {trip}.',
    other: 'Etwa {count} Pakete, davon verloren: {lost}; zum Server und zurück: {trip}.',
  },
  track: 'Spur',
  unknown: '{what}: {rest}.',
  noMore: 'nichts weiter',
};

export const sources: Subject<'sources'> = {
  camera: 'Kamera',
  microphone: 'Mikrofon',
  screen_share: 'geteilter Bildschirm',
  screen_share_audio: 'Ton des geteilten Bildschirms',
};

export const qualities: Subject<'qualities'> = {
  excellent: 'ausgezeichnet',
  good: 'gut',
  poor: 'schlecht',
  lost: 'unterbrochen',
};

export const reasons: Subject<'reasons'> = {
  client_left: 'Sie haben das Gespräch verlassen',
  duplicate_identity: 'Sie nahmen von einem anderen Ort aus teil',
  removed: 'jemand, der es darf, hat Sie entfernt',
  not_admitted: 'Sie warteten auf Einlass und wurden nicht eingelassen',
  room_closed: 'der Raum wurde geschlossen',
  server_shutdown: 'der Server wurde beendet',
  server_crash: 'der Server ist ausgefallen',
  connection_lost: 'die Verbindung ging verloren',
  slow_reader: 'Ihr Programm las nicht, was ihm gesendet wurde',
  protocol_error: 'Ihr Programm sendete, was nicht gelesen werden konnte',
  state_mismatch: 'Ihr Programm und der Server waren sich uneins',
  never_ready: 'die Verbindung kam nie zustande',
  relay_lost: 'ein Teil des Servers wurde ersetzt',
};

export const ends: Subject<'ends'> = {
  closed: 'sie wurde geschlossen',
  client_closed: 'Ihr Programm hat sie geschlossen',
  consent_lost: 'es kam nichts mehr durch',
  handshake_failed: 'es konnten keine Schlüssel vereinbart werden',
  never_reached: 'sie kam nie zustande',
  never_keyed: 'sie kam nicht rechtzeitig zustande',
  refused: 'der Server hatte keinen Platz',
  relay_lost: 'ein Teil des Servers wurde ersetzt',
  server_crash: 'der Server ist ausgefallen',
};

export const refusals: Subject<'refusals'> = {
  never_granted: 'Ihr Token verlangte aufzuzeichnen oder verborgen zu sein',
  room_missing: 'den Raum gab es nicht',
  room_full: 'der Raum war voll',
  room_locked: 'der Raum war gesperrt',
  banned: 'Sie waren aus dem Raum ausgesperrt',
  room_unencrypted: 'der Raum wurde ohne Ende-zu-Ende-Verschlüsselung begonnen',
  no_relay: 'kein Relay war bereit',
  relays_full: 'der Server hatte so viele Gespräche, wie er tragen kann',
  stopping: 'der Server wurde gerade beendet',
  bad_request: 'die Anfrage konnte nicht gelesen werden',
};
