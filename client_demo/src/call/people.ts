/** The list of people: who is here, and what they send. */

import { copyOf, hide, mark, part, say, tell } from '../dom';
import { phrase } from '../languages/language';
import { showConnection } from './connection';
import { Drawn } from './drawn';
import type { Person } from './roster';
import { handPlace, hue, initials } from './tile';

/** Shows more in somebody's line each time that it is drawn; buttons are bound when it is new. */
export type OnLine = (line: HTMLElement, identity: string, isNew: boolean) => void;

interface Line {
  element: HTMLElement;
  drawn: Drawn<Person>;
}

export class PeopleList {
  private readonly lines = new Map<string, Line>();

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
      line.element.remove();
      this.lines.delete(identity);
    }
    people.forEach((person, index) => {
      const known = this.lines.get(person.identity);
      const { element, drawn } = known ?? { element: copyOf('person'), drawn: new Drawn<Person>() };
      if (!known) this.lines.set(person.identity, { element, drawn });
      if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
      if (drawn.differs(person)) draw(element, person);
      this.onLine(element, person.identity, !known);
    });
  }
}

function draw(line: HTMLElement, person: Person): void {
  mark(line, 'identity', person.identity);
  mark(line, 'speaking', person.speaking);
  line.style.setProperty('--hue', String(hue(person.identity)));
  say(part(line, 'initials', HTMLElement), initials(person.name));
  say(part(line, 'name', HTMLElement), person.self ? phrase('people.you', { name: person.name }) : person.name);
  hide(part(line, 'hand', HTMLElement), person.hand === 0);
  tell(part(line, 'hand-place', HTMLElement), handPlace(person.hand));
  hide(part(line, 'muted', HTMLElement), person.heard);
  hide(part(line, 'camera-off', HTMLElement), person.seen);
  hide(part(line, 'sharing', HTMLElement), !person.sharing);
  showConnection(line, person.connection);
}
