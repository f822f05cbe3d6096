import type { Subject } from '../catalogue';

export const common: Subject<'common'> = {
  home: 'Offrecord, Startseite',
  close: 'Schließen',
  done: 'Fertig',
  copy: 'Kopieren',
  copied: 'Kopiert',
  cancel: 'Abbrechen',
  you: 'Sie',
  policy: 'Datenschutzerklärung',
  read: 'Lesen',
  unreachable: 'Der Server ist nicht erreichbar. Prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.',
  unsaid: 'Der Server hat nicht gesagt, ob es geschehen ist. Versuchen Sie es gleich noch einmal.',
};

export const time: Subject<'time'> = {
  now: 'gerade eben',
  seconds: 'vor {number} s',
  minutes: 'vor {number} min',
  hours: 'vor {number} h',
  some: 'einiger Zeit',
};
