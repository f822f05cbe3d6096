import type { Subject } from '../catalogue';

export const common: Subject<'common'> = {
  home: 'Offrecord, página de inicio',
  close: 'Cerrar',
  done: 'Listo',
  copy: 'Copiar',
  copied: 'Copiado',
  cancel: 'Cancelar',
  you: 'Usted',
  policy: 'Política de privacidad',
  read: 'Leerla',
  unreachable: 'No se puede contactar con el servidor. Compruebe su conexión e inténtelo de nuevo.',
  unsaid: 'El servidor no ha dicho si se hizo. Inténtelo de nuevo en un momento.',
};

export const time: Subject<'time'> = {
  now: 'ahora mismo',
  seconds: 'hace {number} s',
  minutes: 'hace {number} min',
  hours: 'hace {number} h',
  some: 'un tiempo',
};
