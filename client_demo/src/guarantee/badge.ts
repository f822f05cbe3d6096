/** The badge in the header and the panel it opens: plain words first, the observations below. */

import { icon, inEnglish, make, part, say } from '../dom';
import { language, locale, onLanguage, phrase, word } from '../languages/language';
import { type BadgeView, dated, factsOf, type Answered, type Reading, viewOf } from './reading';
import type { Check, Incident, Reason, RelayStatement, Source } from './statement';

const TONE_ICONS: Record<BadgeView['tone'], string> = {
  waiting: 'i-waiting',
  calm: 'i-blocked',
  warning: 'i-warning',
  alarm: 'i-alarm',
};

const SOURCE_WORDS = {
  kernel: 'badge.kernel',
  inspected: 'badge.inspected',
  'self-reported': 'badge.selfReported',
} as const satisfies Record<Source, string>;

interface RelayView {
  element: HTMLDetailsElement;
  summary: HTMLElement;
  checks: HTMLElement;
}

export class Badge {
  private readonly button: HTMLButtonElement;
  private readonly panel: HTMLElement;
  private reading: Reading = { state: 'checking' };
  private readonly relays = new Map<string, RelayView>();

  /** `clock` gives milliseconds, of the clock that readings are stamped with. */
  constructor(
    private readonly root: HTMLElement,
    private readonly clock: () => number,
  ) {
    this.button = part(root, 'badge', HTMLButtonElement);
    this.panel = part(root, 'badge-panel', HTMLElement);
    this.button.addEventListener('click', () => this.open(this.panel.hidden !== false));
    part(root, 'badge-close', HTMLButtonElement).addEventListener('click', () => this.open(false));
    root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !this.panel.hidden) this.open(false);
    });
    document.addEventListener('pointerdown', (event) => {
      const inside = event.target instanceof Node && root.contains(event.target);
      if (!inside && !this.panel.hidden) this.open(false, false);
    });
    this.draw();
    setInterval(() => this.draw(), 1000);
    onLanguage(() => this.show(this.reading));
  }

  show(reading: Reading): void {
    this.reading = reading;
    this.draw();
    this.drawEvidence(reading.state === 'answered' ? reading : null);
  }

  private open(open: boolean, moveFocus = true): void {
    this.panel.hidden = !open;
    if (open) this.panel.scrollTop = 0; // plain words first, wherever a reader was the last time
    this.button.setAttribute('aria-expanded', String(open));
    if (moveFocus) (open ? this.panel : this.button).focus();
  }

  private draw(): void {
    const view = viewOf(this.reading, this.clock());
    if (this.root.dataset['tone'] !== view.tone) {
      this.root.dataset['tone'] = view.tone;
      icon(this.button, TONE_ICONS[view.tone]);
      icon(part(this.root, 'badge-head', HTMLElement), TONE_ICONS[view.tone]);
    }
    say(part(this.root, 'badge-label', HTMLElement), view.label);
    say(part(this.root, 'badge-short', HTMLElement), view.short);
    say(part(this.root, 'badge-age', HTMLElement), view.age);
    say(part(this.root, 'badge-title', HTMLElement), view.title);
    say(part(this.root, 'badge-meaning', HTMLElement), view.meaning);
    say(part(this.root, 'badge-checked', HTMLElement), view.age && phrase('badge.askedAgain', { age: capital(view.age) }));
    // Announced only when it changes, and without the age.
    const announced = part(this.root, 'badge-announce', HTMLElement);
    if (view.tone !== 'waiting' && announced.textContent !== view.title) announced.textContent = view.title;
  }

  private drawEvidence(reading: Answered | null): void {
    part(this.root, 'badge-evidence', HTMLElement).hidden = reading === null;
    if (!reading) return;
    const { statement } = reading;
    fill(part(this.root, 'badge-says', HTMLElement), statement.says);
    fillWith(part(this.root, 'badge-reasons', HTMLElement), statement.reasons.map(drawReason));
    fillWith(part(this.root, 'badge-incidents', HTMLElement), statement.incidents.map(drawIncident));
    fill(part(this.root, 'badge-limits', HTMLElement), statement.doesNotProve);
    fillFacts(part(this.root, 'badge-facts', HTMLElement), factsOf(reading));
    this.drawRelays(statement.relays);
  }

  /** Elements stay while their content changes, so that what a reader opened or is on stays so. */
  private drawRelays(relays: RelayStatement[]): void {
    const place = part(this.root, 'badge-relays', HTMLElement);
    const named = new Set(relays.map((relay) => relay.relay));
    for (const [name, view] of this.relays) {
      if (named.has(name)) continue;
      view.element.remove();
      this.relays.delete(name);
    }
    for (const relay of relays) {
      let view = this.relays.get(relay.relay);
      if (!view) {
        view = { element: make('details', 'relay'), summary: make('summary'), checks: make('ul', 'checks') };
        view.element.append(view.summary, view.checks);
        this.relays.set(relay.relay, view);
        place.append(view.element);
      }
      drawRelay(view, relay);
    }
    part(this.root, 'badge-no-relay', HTMLElement).hidden = relays.length > 0;
  }
}

function capital(words: string): string {
  return words.charAt(0).toLocaleUpperCase(locale()) + words.slice(1);
}

/** Sentences of the server. */
function fill(listElement: HTMLElement, sentences: string[]): void {
  fillWith(listElement, sentences.map((sentence) => inEnglish(make('li', '', sentence))));
}

function fillWith(listElement: HTMLElement, items: HTMLElement[]): void {
  listElement.replaceChildren(...items);
  listElement.parentElement?.toggleAttribute('hidden', items.length === 0);
}

/** In English the server's own words, which say more; else by the check that is not held. */
function drawReason({ says, check }: Reason): HTMLElement {
  const known = language() === 'en' ? undefined : word('checks', check);
  return known === undefined ? inEnglish(make('li', '', says)) : make('li', '', phrase('badge.reason', { check: known }));
}

/** What happened, and when. */
function drawIncident({ says, kind, ageSeconds }: Incident): HTMLElement {
  const item = make('li');
  const known = language() === 'en' ? undefined : word('incidents', kind);
  const what = make('span', '', known ?? says.charAt(0).toUpperCase() + says.slice(1));
  item.append(known === undefined ? inEnglish(what) : what, dated('', ageSeconds));
  return item;
}

function fillFacts(listElement: HTMLElement, facts: [string, string][]): void {
  const terms = facts.flatMap(([what, value]) => [make('dt', '', what), make('dd', '', value)]);
  listElement.replaceChildren(...terms);
}

function drawRelay(view: RelayView, { relay, checks }: RelayStatement): void {
  const held = checks.filter((check) => check.held).length;
  view.summary.textContent = phrase('badge.relay', { relay, held, checks: checks.length });
  view.summary.dataset['held'] = String(held === checks.length);
  view.checks.replaceChildren(...checks.map(drawCheck));
}

function drawCheck(check: Check): HTMLElement {
  const item = make('li');
  item.dataset['held'] = String(check.held);
  const source = phrase(SOURCE_WORDS[check.source]);
  item.append(
    make('span', 'mark', phrase(check.held ? 'badge.held' : 'badge.notHeld')),
    drawName(check.name),
    make('span', 'source', dated(source, check.ageSeconds)),
  );
  return item;
}

/** Checks that this page does not know have the server's name. */
function drawName(name: string): HTMLElement {
  const known = word('checks', name);
  const shown = make('span', 'check', known ?? name.replaceAll('_', ' '));
  return known === undefined ? inEnglish(shown) : shown;
}
