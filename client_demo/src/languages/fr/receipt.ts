import type { Subject } from '../catalogue';

export const receipt: Subject<'receipt'> = {
  asking: 'Le serveur est interrogé sur ce qu’il conserve à votre sujet…',
  unsaid: 'Le serveur ne dit pas en ce moment ce qu’il conserve à votre sujet.',
  unsaidRetry: 'Le serveur ne dit pas en ce moment ce qu’il conserve à votre sujet. Réessayez dans un instant.',
  title: {
    one: 'Conservé à votre sujet dans cette salle : {count} entrée, jusqu’au {day}',
    many: 'Conservé à votre sujet dans cette salle : {count} entrées, jusqu’au {day}',
    other: 'Conservé à votre sujet dans cette salle : {count} entrées, jusqu’au {day}',
  },
  titleByLaw: {
    one: 'Conservé à votre sujet dans cette salle par obligation légale : {count} entrée, jusqu’au {day}',
    many: 'Conservé à votre sujet dans cette salle par obligation légale : {count} entrées, jusqu’au {day}',
    other: 'Conservé à votre sujet dans cette salle par obligation légale : {count} entrées, jusqu’au {day}',
  },
  nothing: 'Rien n’est conservé à votre sujet dans cette salle',
  erased: 'Ce qui était conservé à votre sujet dans cette salle a été effacé',
  name: 'C’est conservé sous le nom « {name} ».',
  notKept: 'Non conservé',
  when: 'Quand',
  what: 'Quoi',
  deleted: 'Supprimé le',
  save: 'Enregistrer ce reçu',
  hint: 'Le fichier est signé par le serveur. Il contient une clé avec laquelle n’importe qui peut revoir cette liste et la faire modifier ou effacer : gardez-le pour vous.',
  later: 'Ouvrez-le plus tard sur cette page.',
  eraseOffer: 'Effacer ce qui est conservé',
  eraseQuestion: {
    one: 'Effacer définitivement {count} entrée à votre sujet dans cette salle ? Enregistrez d’abord le reçu si vous en voulez un.',
    many: 'Effacer définitivement {count} entrées à votre sujet dans cette salle ? Enregistrez d’abord le reçu si vous en voulez un.',
    other: 'Effacer définitivement {count} entrées à votre sujet dans cette salle ? Enregistrez d’abord le reçu si vous en voulez un.',
  },
  eraseYes: 'Effacer',
  eraseNo: 'Garder',
  erasing: 'Effacement…',
  erasedEntries: { one: '{count} entrée effacée.', many: '{count} entrées effacées.', other: '{count} entrées effacées.' },
  saveErasure: 'Enregistrer le reçu de cet effacement',
};

export const entry: Subject<'entry'> = {
  attempt: 'La connexion à l’appel a pris {duration}{code}.',
  attemptFailed: 'Vous avez essayé de rejoindre l’appel{place}, sans succès : {why}{code}.',
  code: ' (code d’assistance {code})',
  place: ' depuis le site « {site} »',
  joined: 'Vous avez rejoint l’appel{client}{place}.',
  client: ' avec {browser}',
  clientOn: ' avec {browser} sous {system}',
  library: 'la bibliothèque {sdk}',
  addressPart: 'La première partie de votre adresse réseau a été notée : {network}.',
  addressPseudonym: 'Un pseudonyme de votre adresse réseau a été noté : {network}.',
  active: 'Le son et l’image ont pu passer après {duration}.',
  left: 'Votre connexion a pris fin après {duration} : {why}.',
  quality: 'Elle était le plus souvent {usual}, au pire {worst}.',
  on: 'Activation : {track}.',
  onCodec: 'Activation : {track} ({codec}).',
  off: 'Arrêt après {duration} : {track}.',
  arrived: { one: 'Environ {count} paquet en est arrivé.', many: 'Environ {count} paquets en sont arrivés.', other: 'Environ {count} paquets en sont arrivés.' },
  arrivedLost: {
    one: 'Environ {count} paquet en est arrivé, {lost} non.',
    many: 'Environ {count} paquets en sont arrivés, {lost} non.',
    other: 'Environ {count} paquets en sont arrivés, {lost} non.',
  },
  qualityChanged: 'À partir d’ici, votre connexion était {quality}.',
  publisher: 'Ce que vous envoyiez avait sa propre ligne{by} pendant {duration} : {why}.',
  subscriber: 'Ce que vous receviez avait sa propre ligne{by} pendant {duration} : {why}.',
  both: 'Vous avez envoyé et reçu sur une même ligne{by} pendant {duration} : {why}.',
  by: ' par {protocol} et {family}',
  packets: {
    one: 'Environ {count} paquet, dont perdus : {lost}.',
    many: 'Environ {count} paquets, dont perdus : {lost}.',
    other: 'Environ {count} paquets, dont perdus : {lost}.',
  },
  packetsTrip: {
    one: 'Environ {count} paquet, dont perdus : {lost} ; jusqu’au serveur et retour : {trip}.',
    many: 'Environ {count} paquets, dont perdus : {lost} ; jusqu’au serveur et retour : {trip}.',
    other: 'Environ {count} paquets, dont perdus : {lost} ; jusqu’au serveur et retour : {trip}.',
  },
  track: 'piste',
  unknown: '{what} : {rest}.',
  noMore: 'rien de plus',
};

export const sources: Subject<'sources'> = {
  camera: 'caméra',
  microphone: 'micro',
  screen_share: 'partage d’écran',
  screen_share_audio: 'son du partage d’écran',
};

export const qualities: Subject<'qualities'> = {
  excellent: 'excellente',
  good: 'bonne',
  poor: 'mauvaise',
  lost: 'interrompue',
};

export const reasons: Subject<'reasons'> = {
  client_left: 'vous avez quitté l’appel',
  duplicate_identity: 'vous avez rejoint l’appel depuis un autre endroit',
  removed: 'une personne qui en a le droit vous a retiré',
  not_admitted: 'vous attendiez d’entrer, et n’avez pas été admis',
  room_closed: 'la salle a été fermée',
  server_shutdown: 'le serveur s’est arrêté',
  server_crash: 'le serveur est tombé en panne',
  connection_lost: 'la connexion a été perdue',
  slow_reader: 'votre programme n’a pas lu ce qui lui était envoyé',
  protocol_error: 'votre programme a envoyé ce qui ne pouvait pas être lu',
  state_mismatch: 'votre programme et le serveur n’étaient pas d’accord',
  never_ready: 'la connexion ne s’est jamais établie',
  relay_lost: 'une partie du serveur a été remplacée',
};

export const ends: Subject<'ends'> = {
  closed: 'elle a été fermée',
  client_closed: 'votre programme l’a fermée',
  consent_lost: 'plus rien ne passait',
  handshake_failed: 'aucune clé n’a pu être convenue',
  never_reached: 'elle ne s’est jamais établie',
  never_keyed: 'elle ne s’est pas établie à temps',
  refused: 'le serveur n’avait plus de place',
  relay_lost: 'une partie du serveur a été remplacée',
  server_crash: 'le serveur est tombé en panne',
};

export const refusals: Subject<'refusals'> = {
  never_granted: 'votre jeton demandait à enregistrer, ou à être caché',
  room_missing: 'la salle n’existait pas',
  room_full: 'la salle était pleine',
  room_locked: 'la salle était verrouillée',
  banned: 'vous étiez exclu de la salle',
  room_unencrypted: 'la salle a été ouverte sans chiffrement de bout en bout',
  no_relay: 'aucun relais n’était prêt',
  relays_full: 'le serveur avait autant d’appels qu’il peut en porter',
  stopping: 'le serveur était en train de s’arrêter',
  bad_request: 'la demande n’a pas pu être lue',
};
