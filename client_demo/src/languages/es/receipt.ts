import type { Subject } from '../catalogue';

export const receipt: Subject<'receipt'> = {
  asking: 'Preguntando al servidor qué conserva sobre usted…',
  unsaid: 'El servidor no dice ahora qué conserva sobre usted.',
  unsaidRetry: 'El servidor no dice ahora qué conserva sobre usted. Inténtelo de nuevo en un momento.',
  title: {
    one: 'Se conserva sobre usted en esta sala: {count} entrada, hasta el {day}',
    many: 'Se conserva sobre usted en esta sala: {count} entradas, hasta el {day}',
    other: 'Se conserva sobre usted en esta sala: {count} entradas, hasta el {day}',
  },
  titleByLaw: {
    one: 'Se conserva sobre usted en esta sala por ley: {count} entrada, hasta el {day}',
    many: 'Se conserva sobre usted en esta sala por ley: {count} entradas, hasta el {day}',
    other: 'Se conserva sobre usted en esta sala por ley: {count} entradas, hasta el {day}',
  },
  nothing: 'No se conserva nada sobre usted en esta sala',
  erased: 'Lo que se conservaba sobre usted en esta sala se ha borrado',
  name: 'Se conserva con el nombre «{name}».',
  notKept: 'No se conserva',
  when: 'Cuándo',
  what: 'Qué',
  deleted: 'Se borra el',
  save: 'Guardar este recibo',
  hint: 'El archivo está firmado por el servidor. Contiene una clave con la que cualquiera puede volver a ver esta lista y hacer que se cambie o se borre, así que guárdelo para usted.',
  later: 'Ábralo más tarde en esta página.',
  eraseOffer: 'Borrar lo que se conserva',
  eraseQuestion: {
    one: '¿Borrar definitivamente {count} entrada sobre usted en esta sala? Guarde antes el recibo si quiere uno.',
    many: '¿Borrar definitivamente {count} entradas sobre usted en esta sala? Guarde antes el recibo si quiere uno.',
    other: '¿Borrar definitivamente {count} entradas sobre usted en esta sala? Guarde antes el recibo si quiere uno.',
  },
  eraseYes: 'Borrar',
  eraseNo: 'Conservar',
  erasing: 'Borrando…',
  erasedEntries: { one: '{count} entrada borrada.', many: '{count} entradas borradas.', other: '{count} entradas borradas.' },
  saveErasure: 'Guardar el recibo de este borrado',
};

export const entry: Subject<'entry'> = {
  attempt: 'Unirse tardó {duration}{code}.',
  attemptFailed: 'Intentó unirse{place}, y no fue posible: {why}{code}.',
  code: ' (código de asistencia {code})',
  place: ' desde la sede «{site}»',
  joined: 'Se unió{client}{place}.',
  client: ' con {browser}',
  clientOn: ' con {browser} en {system}',
  library: 'la biblioteca {sdk}',
  addressPart: 'Se anotó la primera parte de su dirección de red: {network}.',
  addressPseudonym: 'Se anotó un seudónimo de su dirección de red: {network}.',
  active: 'El sonido y la imagen pudieron pasar tras {duration}.',
  left: 'Su conexión terminó tras {duration}: {why}.',
  quality: 'Fue casi siempre {usual} y, en el peor momento, {worst}.',
  on: 'Se activó: {track}.',
  onCodec: 'Se activó: {track} ({codec}).',
  off: 'Se desactivó tras {duration}: {track}.',
  arrived: { one: 'Llegó aproximadamente {count} paquete.', many: 'Llegaron aproximadamente {count} paquetes.', other: 'Llegaron aproximadamente {count} paquetes.' },
  arrivedLost: {
    one: 'Llegó aproximadamente {count} paquete; no llegaron: {lost}.',
    many: 'Llegaron aproximadamente {count} paquetes; no llegaron: {lost}.',
    other: 'Llegaron aproximadamente {count} paquetes; no llegaron: {lost}.',
  },
  qualityChanged: 'Desde aquí su conexión fue {quality}.',
  publisher: 'Lo que enviaba tuvo una línea propia{by} durante {duration}: {why}.',
  subscriber: 'Lo que recibía tuvo una línea propia{by} durante {duration}: {why}.',
  both: 'Envió y recibió por una misma línea{by} durante {duration}: {why}.',
  by: ' por {protocol} e {family}',
  packets: {
    one: 'Aproximadamente {count} paquete; perdidos: {lost}.',
    many: 'Aproximadamente {count} paquetes; perdidos: {lost}.',
    other: 'Aproximadamente {count} paquetes; perdidos: {lost}.',
  },
  packetsTrip: {
    one: 'Aproximadamente {count} paquete; perdidos: {lost}; ida y vuelta al servidor: {trip}.',
    many: 'Aproximadamente {count} paquetes; perdidos: {lost}; ida y vuelta al servidor: {trip}.',
    other: 'Aproximadamente {count} paquetes; perdidos: {lost}; ida y vuelta al servidor: {trip}.',
  },
  track: 'pista',
  unknown: '{what}: {rest}.',
  noMore: 'nada más',
};

export const sources: Subject<'sources'> = {
  camera: 'cámara',
  microphone: 'micrófono',
  screen_share: 'pantalla compartida',
  screen_share_audio: 'sonido de la pantalla compartida',
};

export const qualities: Subject<'qualities'> = {
  excellent: 'excelente',
  good: 'buena',
  poor: 'mala',
  lost: 'interrumpida',
};

export const reasons: Subject<'reasons'> = {
  client_left: 'usted salió',
  duplicate_identity: 'se unió desde otro lugar',
  removed: 'alguien con derecho a ello le retiró',
  not_admitted: 'esperó para entrar y no le dejaron',
  room_closed: 'la sala se cerró',
  server_shutdown: 'el servidor se detuvo',
  server_crash: 'el servidor falló',
  connection_lost: 'se perdió la conexión',
  slow_reader: 'su programa no leyó lo que se le enviaba',
  protocol_error: 'su programa envió lo que no se podía leer',
  state_mismatch: 'su programa y el servidor no coincidían',
  never_ready: 'la conexión nunca llegó a establecerse',
  relay_lost: 'se sustituyó una parte del servidor',
};

export const ends: Subject<'ends'> = {
  closed: 'se cerró',
  client_closed: 'su programa la cerró',
  consent_lost: 'ya no pasaba nada',
  handshake_failed: 'no se pudo acordar ninguna clave',
  never_reached: 'nunca llegó a establecerse',
  never_keyed: 'no se estableció a tiempo',
  refused: 'el servidor no tenía sitio',
  relay_lost: 'se sustituyó una parte del servidor',
  server_crash: 'el servidor falló',
};

export const refusals: Subject<'refusals'> = {
  never_granted: 'su testigo pedía grabar o permanecer oculto',
  room_missing: 'la sala no existía',
  room_full: 'la sala estaba llena',
  room_locked: 'la sala estaba cerrada',
  banned: 'tenía vetada la entrada a la sala',
  room_unencrypted: 'la sala se inició sin cifrado de extremo a extremo',
  no_relay: 'no había ningún repetidor listo',
  relays_full: 'el servidor tenía tantas llamadas como puede llevar',
  stopping: 'el servidor se estaba deteniendo',
  bad_request: 'la solicitud no se pudo leer',
};
