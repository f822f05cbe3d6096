import type { Subject } from '../catalogue';

export const people: Subject<'people'> = {
  button: 'Personas',
  title: { one: 'Personas ({count})', many: 'Personas ({count})', other: 'Personas ({count})' },
  close: 'Cerrar la lista de personas',
  you: '{name} (usted)',
  hand: 'Mano levantada',
  handPlace: 'mano levantada, número',
  sharing: 'Comparte la pantalla',
  cameraOff: 'Cámara apagada',
  muted: 'En silencio',
  more: 'Más sobre {name}',
  moreVolume: 'Más sobre {name}, volumen {volume}',
  sentence: '{words}.',
  percent: '{number} %',
  volume: 'Volumen {percent}',
  volumeOf: 'Volumen de {name}',
  size: 'Su vídeo le llega a {width} × {height}.',
  videoPaused: 'Su vídeo está en pausa: la conexión de usted no admite más.',
};

export const connection: Subject<'connection'> = {
  good: 'buena conexión',
  goodMeans: 'Buena conexión',
  fair: 'conexión regular',
  fairMeans: 'Conexión regular: algo de sonido y vídeo se pierde por el camino',
  poor: 'mala conexión',
  poorMeans: 'Mala conexión: mucho sonido y vídeo se pierde por el camino',
  lost: 'sin conexión',
  lostMeans: 'Sin conexión en este momento',
};

export const door: Subject<'door'> = {
  list: 'Esperando para entrar',
  waits: '{name} espera para entrar',
  admit: 'Dejar entrar',
  refuse: 'Rechazar',
  rules: 'Usted modera esta sala',
  lobby: 'Quien llega espera a que le dejen entrar',
  locked: 'Cerrada: no entra nadie nuevo',
  screens: 'Solo la moderación comparte pantalla',
  mute: 'Silenciar',
  lowerHand: 'Bajar la mano',
  remove: 'Retirar',
  removeTitle: '¿Retirar a {name}?',
  removeText: 'Deja la llamada al instante, y puede volver con el enlace.',
  ban: 'Vetar',
  banTitle: '¿Vetar a {name}?',
  banText: 'Deja la llamada al instante, y esta identidad queda fuera hasta que la sala termine. Un invitado que entra de nuevo tiene otra identidad: cierre la sala, o haga esperar a quienes lleguen, para dejarle fuera también.',
};

export const receivers: Subject<'receivers'> = {
  title: 'Quién le recibe ahora',
  nothing: 'no recibe nada de usted',
  gets: 'recibe de usted: {tracks}',
  paused: 'en pausa: {tracks}',
  not: 'no recibe: {tracks}',
  between: '; ',
  muted: '{track} (en silencio)',
  goes: '{track}: va a {names}.',
  goesNowhere: '{track}: no va a nadie.',
  goesPaused: '{track}: va a {names}; en pausa para {paused}.',
  goesNowherePaused: '{track}: no va a nadie; en pausa para {paused}.',
  others: { one: '{count} más', many: '{count} más', other: '{count} más' },
  silent: 'No envía sonido ni vídeo.',
  stranger: 'El repetidor envía a alguien que no está en esta lista: {names}. Deje de enviar y avise al operador.',
  account: 'La cuenta del repetidor, {age}. No envía a nadie más.',
  unsaid: 'El servidor no lo dice en este momento. Se le pregunta de nuevo.',
  asked: 'Preguntando al servidor…',
};

export const sent: Subject<'sent'> = {
  microphone: 'Sonido',
  camera: 'Vídeo',
  screen_share: 'Pantalla',
  screen_share_audio: 'Sonido de la pantalla',
  audio: 'Otro sonido',
  video: 'Otro vídeo',
};

export const chat: Subject<'chat'> = {
  title: 'Chat',
  unread: { one: ', {count} sin leer', many: ', {count} sin leer', other: ', {count} sin leer' },
  close: 'Cerrar el chat',
  note: 'Los mensajes no se conservan. Este servidor solo los entrega a quienes están aquí ahora, y esta página los olvida cuando usted sale. Los demás pueden copiar de todos modos lo que escriba. {encrypted}{clear}',
  encrypted: 'Están cifrados de extremo a extremo: el servidor no puede leerlos.',
  clear: 'No están cifrados de extremo a extremo.',
  messages: 'Mensajes',
  reader: 'En esta sala puede leer, pero no escribir.',
  write: 'Mensaje a todos',
  send: 'Enviar',
  left: { one: 'Queda {count} carácter', many: 'Quedan {count} caracteres', other: 'Quedan {count} caracteres' },
  unsent: 'No se pudo enviar. Su texto sigue aquí: inténtelo de nuevo cuando haya conexión.',
  messageClear: 'sin cifrar de extremo a extremo',
  news: '{name}: {text}',
};
