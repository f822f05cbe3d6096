import type { Subject } from '../catalogue';

export const common: Subject<'common'> = {
  home: 'Offrecord, page d’accueil',
  close: 'Fermer',
  done: 'Terminé',
  copy: 'Copier',
  copied: 'Copié',
  cancel: 'Annuler',
  you: 'Vous',
  policy: 'Politique de confidentialité',
  read: 'La lire',
  unreachable: 'Le serveur est injoignable. Vérifiez votre connexion et réessayez.',
  unsaid: 'Le serveur n’a pas dit si cela a été fait. Réessayez dans un instant.',
};

export const time: Subject<'time'> = {
  now: 'à l’instant',
  seconds: 'il y a {number} s',
  minutes: 'il y a {number} min',
  hours: 'il y a {number} h',
  some: 'un certain temps',
};
