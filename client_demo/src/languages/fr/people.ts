import type { Subject } from '../catalogue';

export const people: Subject<'people'> = {
  button: 'Personnes',
  title: { one: 'Personnes ({count})', many: 'Personnes ({count})', other: 'Personnes ({count})' },
  close: 'Fermer la liste des personnes',
  you: '{name} (vous)',
  hand: 'Main levée',
  handPlace: 'main levée, numéro',
  sharing: 'Partage l’écran',
  cameraOff: 'Caméra éteinte',
  muted: 'Micro coupé',
  more: 'Plus sur {name}',
  moreVolume: 'Plus sur {name}, volume {volume}',
  sentence: '{words}.',
  percent: '{number} %',
  volume: 'Volume {percent}',
  volumeOf: 'Volume de {name}',
  size: 'Sa vidéo vous parvient en {width} × {height}.',
  videoPaused: 'Sa vidéo est en pause : votre connexion n’en porte pas davantage.',
};

export const connection: Subject<'connection'> = {
  good: 'bonne connexion',
  goodMeans: 'Bonne connexion',
  fair: 'connexion moyenne',
  fairMeans: 'Connexion moyenne : un peu de son et de vidéo se perd en route',
  poor: 'mauvaise connexion',
  poorMeans: 'Mauvaise connexion : beaucoup de son et de vidéo se perd en route',
  lost: 'pas de connexion',
  lostMeans: 'Pas de connexion pour le moment',
};

export const door: Subject<'door'> = {
  list: 'En attente d’admission',
  waits: '{name} attend d’entrer',
  admit: 'Laisser entrer',
  refuse: 'Refuser',
  rules: 'Vous modérez cette salle',
  lobby: 'Les nouveaux attendent d’être admis',
  locked: 'Verrouillée : personne de nouveau n’entre',
  screens: 'Seule la modération partage un écran',
  mute: 'Couper le micro',
  lowerHand: 'Baisser la main',
  remove: 'Retirer',
  removeTitle: 'Retirer {name} ?',
  removeText: 'Cette personne quitte l’appel aussitôt, et peut revenir avec le lien.',
  ban: 'Exclure',
  banTitle: 'Exclure {name} ?',
  banText: 'Cette personne quitte l’appel aussitôt, et cette identité reste dehors jusqu’à la fin de la salle. Un invité qui revient a une autre identité : verrouillez la salle, ou faites attendre les nouveaux, pour l’écarter aussi.',
};

export const receivers: Subject<'receivers'> = {
  title: 'Qui vous reçoit maintenant',
  nothing: 'ne reçoit rien de vous',
  gets: 'reçoit de vous : {tracks}',
  paused: 'en pause : {tracks}',
  not: 'ne reçoit pas : {tracks}',
  between: ' ; ',
  muted: '{track} (coupé)',
  goes: '{track} : va à {names}.',
  goesNowhere: '{track} : ne va à personne.',
  goesPaused: '{track} : va à {names} ; en pause pour {paused}.',
  goesNowherePaused: '{track} : ne va à personne ; en pause pour {paused}.',
  others: { one: '{count} autre', many: '{count} autres', other: '{count} autres' },
  silent: 'Vous n’envoyez ni son ni vidéo.',
  stranger: 'Le relais envoie à quelqu’un qui n’est pas dans cette liste : {names}. Cessez d’envoyer, et prévenez l’exploitant.',
  account: 'Le compte rendu du relais, {age}. Il n’envoie à personne d’autre.',
  unsaid: 'Le serveur ne le dit pas pour le moment. La question lui est reposée.',
  asked: 'La question est posée au serveur…',
};

export const sent: Subject<'sent'> = {
  microphone: 'Son',
  camera: 'Vidéo',
  screen_share: 'Écran',
  screen_share_audio: 'Son de l’écran',
  audio: 'Autre son',
  video: 'Autre vidéo',
};

export const chat: Subject<'chat'> = {
  title: 'Discussion',
  unread: { one: ', {count} non lu', many: ', {count} non lus', other: ', {count} non lus' },
  close: 'Fermer la discussion',
  note: 'Les messages ne sont pas conservés. Ce serveur les transmet seulement à ceux qui sont ici maintenant, et cette page les oublie quand vous partez. Les autres peuvent toujours copier ce que vous écrivez. {encrypted}{clear}',
  encrypted: 'Ils sont chiffrés de bout en bout : le serveur ne peut pas les lire.',
  clear: 'Ils ne sont pas chiffrés de bout en bout.',
  messages: 'Messages',
  reader: 'Dans cette salle, vous pouvez lire, mais pas écrire.',
  write: 'Message à tout le monde',
  send: 'Envoyer',
  left: { one: '{count} caractère restant', many: '{count} caractères restants', other: '{count} caractères restants' },
  unsent: 'Ceci n’a pas pu être envoyé. Votre texte est encore là : réessayez une fois la connexion rétablie.',
  messageClear: 'non chiffré de bout en bout',
  news: '{name} : {text}',
};
