/** The privacy policy on the join page: which version it is, and what has changed since the person last saw it. */

import { make, part, tell } from '../dom';
import { phrase } from '../languages/language';
import { dayInWords } from '../policy/fields';
import { askForPolicy, changesSince, type PublishedPolicy } from '../policy/published';

type Why = 'join.changedWhileOpen' | 'join.changedSince' | 'join.lookFirst';

export class PolicyPart {
  private readonly notice: HTMLElement;
  private readonly first: Promise<void>;
  private shown: PublishedPolicy | null = null;
  private told: { why: Why; known: string } | null = null;

  /** `known` is the version that this browser was asked to remember; empty if none. */
  constructor(
    private readonly root: HTMLElement,
    private readonly known: string,
  ) {
    this.notice = part(root, 'policy-changed', HTMLElement);
    this.first = askForPolicy().then((policy) => this.show(policy));
  }

  /** The version that is shown; empty where none is published, or none could be read. Waits for the answer of
   * the server, which is asked when the page opens. */
  async version(): Promise<string> {
    await this.first;
    return this.shown?.version ?? '';
  }

  /** The server wants another version shown than `version`: shows it. False where it cannot be read. */
  async showAnother(version: string): Promise<boolean> {
    const policy = await askForPolicy();
    if (!policy) return false;
    this.drawVersion(policy);
    this.drawChanges(
      version ? 'join.changedWhileOpen' : 'join.lookFirst',
      policy,
      version,
    );
    this.notice.focus();
    return true;
  }

  /** In the language that is shown now. */
  draw(): void {
    if (!this.shown) return;
    this.drawVersion(this.shown);
    if (this.told) this.drawChanges(this.told.why, this.shown, this.told.known);
  }

  private show(policy: PublishedPolicy | null): void {
    if (!policy) return;
    this.drawVersion(policy);
    if (this.known && this.known !== policy.version) {
      this.drawChanges('join.changedSince', policy, this.known);
    }
  }

  private drawVersion(policy: PublishedPolicy): void {
    this.shown = policy;
    tell(
      part(this.root, 'policy-version', HTMLElement),
      phrase('join.policyOf', { day: dayInWords(policy.revised), version: policy.version }),
    );
  }

  private drawChanges(why: Why, policy: PublishedPolicy, known: string): void {
    this.told = { why, known };
    tell(part(this.notice, 'policy-words', HTMLElement), phrase(why));
    const entries = changesSince(policy, known).flatMap(({ revised, what }) => [
      make('dt', '', dayInWords(revised)),
      written(what),
    ]);
    part(this.notice, 'policy-changes', HTMLElement).replaceChildren(...entries);
    this.notice.hidden = false;
  }
}

/** By the operator, in the language of the policy. */
function written(what: string): HTMLElement {
  const element = make('dd', '', what);
  element.dir = 'auto';
  return element;
}
