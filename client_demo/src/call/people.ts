/** The list of people: who is here, and what they send. */

import { copyOf, part, say, tell } from '../dom';
import { phrase } from '../languages/language';
import { showConnection } from './connection';
import type { Person } from './roster';
import { handPlace, hue, initials } from './tile';

/** Shows more in somebody's line each time that it is drawn; buttons are bound when it is new. */
export type OnLine = (line: HTMLElement, identity: string, isNew: boolean) => void;

export class PeopleList {
  private readonly lines = new Map<string, HTMLElement>();

  /** Draws into `people-list` and `people-title` inside `root`; what can be done with somebody is added by
   * `onLine`. */
  constructor(
    private readonly root: HTMLElement,
    private readonly onLine: OnLine,
  ) {}

  show(people: Person[]): void {
    const list = part(this.root, 'people-list', HTMLElement);
    tell(part(this.root, 'people-title', HTMLElement), phrase('people.title', { count: people.length }));
    const here = new Set(people.map((person) => person.identity));
    for (const [identity, line] of this.lines) {
      if (here.has(identity)) continue;
      line.remove();
      this.lines.delete(identity);
    }
    people.forEach((person, index) => {
      const known = this.lines.get(person.identity);
      const line = known ?? copyOf('person');
      this.lines.set(person.identity, line);
      if (list.children[index] !== line) list.insertBefore(line, list.children[index] ?? null);
      draw(line, person);
      this.onLine(line, person.identity, !known);
    });
  }
}

function draw(line: HTMLElement, person: Person): void {
  line.dataset['identity'] = person.identity;
  line.dataset['speaking'] = String(person.speaking);
  line.style.setProperty('--hue', String(hue(person.identity)));
  say(part(line, 'initials', HTMLElement), initials(person.name));
  say(part(line, 'name', HTMLElement), person.self ? phrase('people.you', { name: person.name }) : person.name);
  part(line, 'hand', HTMLElement).hidden = person.hand === 0;
  tell(part(line, 'hand-place', HTMLElement), handPlace(person.hand));
  part(line, 'muted', HTMLElement).hidden = person.heard;
  part(line, 'camera-off', HTMLElement).hidden = person.seen;
  part(line, 'sharing', HTMLElement).hidden = !person.sharing;
  showConnection(line, person.connection);
}
