import type { Subject } from '../catalogue';

export const people: Subject<'people'> = {
  button: 'Personen',
  title: { one: 'Personen ({count})', other: 'Personen ({count})' },
  close: 'Die Liste der Personen schließen',
  you: '{name} (Sie)',
  hand: 'Hand gehoben',
  handPlace: 'Hand gehoben, Platz',
  sharing: 'Teilt den Bildschirm',
  cameraOff: 'Kamera aus',
  muted: 'Stumm',
  more: 'Mehr zu {name}',
  moreVolume: 'Mehr zu {name}, Lautstärke {volume}',
  sentence: '{words}.',
  percent: '{number} %',
  volume: 'Lautstärke {percent}',
  volumeOf: 'Lautstärke von {name}',
  size: 'Das Video erreicht Sie mit {width} × {height}.',
  videoPaused: 'Das Video ist angehalten: Ihre Verbindung trägt nicht mehr.',
};

export const connection: Subject<'connection'> = {
  good: 'gute Verbindung',
  goodMeans: 'Gute Verbindung',
  fair: 'mäßige Verbindung',
  fairMeans: 'Mäßige Verbindung: Etwas Ton und Video geht unterwegs verloren',
  poor: 'schlechte Verbindung',
  poorMeans: 'Schlechte Verbindung: Viel Ton und Video geht unterwegs verloren',
  lost: 'keine Verbindung',
  lostMeans: 'Im Moment keine Verbindung',
};

export const door: Subject<'door'> = {
  list: 'Warten auf Einlass',
  waits: '{name} wartet auf Einlass',
  admit: 'Einlassen',
  refuse: 'Ablehnen',
  rules: 'Sie moderieren diesen Raum',
  lobby: 'Wer neu ist, wartet auf Einlass',
  locked: 'Gesperrt: Niemand Neues kommt herein',
  screens: 'Nur die Moderation teilt den Bildschirm',
  mute: 'Stummschalten',
  lowerHand: 'Hand senken',
  remove: 'Entfernen',
  removeTitle: '{name} entfernen?',
  removeText: 'Die Person verlässt das Gespräch sofort und kann mit dem Link wieder teilnehmen.',
  ban: 'Aussperren',
  banTitle: '{name} aussperren?',
  banText: 'Die Person verlässt das Gespräch sofort, und diese Kennung bleibt ausgesperrt, bis der Raum endet. Ein Gast, der neu hinzukommt, hat eine andere Kennung: Sperren Sie den Raum, oder lassen Sie Neue warten, um auch ihn fernzuhalten.',
};

export const receivers: Subject<'receivers'> = {
  title: 'Wer Sie jetzt empfängt',
  nothing: 'erhält nichts von Ihnen',
  gets: 'erhält von Ihnen: {tracks}',
  paused: 'hat angehalten: {tracks}',
  not: 'erhält nicht: {tracks}',
  between: '; ',
  muted: '{track} (stumm)',
  goes: '{track}: geht an {names}.',
  goesNowhere: '{track}: geht an niemanden.',
  goesPaused: '{track}: geht an {names}; angehalten für {paused}.',
  goesNowherePaused: '{track}: geht an niemanden; angehalten für {paused}.',
  others: { one: '{count} weitere Person', other: '{count} weitere Personen' },
  silent: 'Sie senden weder Ton noch Video.',
  stranger: 'Das Relay sendet an jemanden, der nicht in dieser Liste steht: {names}. Senden Sie nicht weiter, und informieren Sie den Betreiber.',
  account: 'Die Auskunft des Relays, {age}. Es sendet an niemanden sonst.',
  unsaid: 'Der Server sagt es im Moment nicht. Er wird wieder gefragt.',
  asked: 'Der Server wird gefragt …',
};

export const sent: Subject<'sent'> = {
  microphone: 'Ton',
  camera: 'Video',
  screen_share: 'Bildschirm',
  screen_share_audio: 'Ton des Bildschirms',
  audio: 'anderer Ton',
  video: 'anderes Video',
};

export const chat: Subject<'chat'> = {
  title: 'Chat',
  unread: { one: ', {count} ungelesen', other: ', {count} ungelesen' },
  close: 'Den Chat schließen',
  note: 'Nachrichten werden nicht aufbewahrt. Dieser Server reicht sie nur an die weiter, die jetzt hier sind, und diese Seite vergisst sie, wenn Sie gehen. Andere können trotzdem kopieren, was Sie schreiben. {encrypted}{clear}',
  encrypted: 'Sie sind Ende-zu-Ende-verschlüsselt: Der Server kann sie nicht lesen.',
  clear: 'Sie sind nicht Ende-zu-Ende-verschlüsselt.',
  messages: 'Nachrichten',
  reader: 'In diesem Raum können Sie lesen, aber nicht schreiben.',
  write: 'Nachricht an alle',
  send: 'Senden',
  left: { one: 'noch {count} Zeichen', other: 'noch {count} Zeichen' },
  unsent: 'Das konnte nicht gesendet werden. Ihr Text ist noch hier: Versuchen Sie es noch einmal, sobald Sie verbunden sind.',
  messageClear: 'nicht Ende-zu-Ende-verschlüsselt',
  news: '{name}: {text}',
};
