/** The privacy policy on the join page: which version it is, and what has changed since the person last saw it. */

import { make, part, tell } from '../dom';
import { dayInWords } from '../policy/fields';
import { askForPolicy, changesSince, type PublishedPolicy } from '../policy/published';

export class PolicyPart {
  private readonly notice: HTMLElement;
  private readonly first: Promise<void>;
  private shown: PublishedPolicy | null = null;

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
      version ? 'The privacy policy has changed since this page was opened.' : 'Please look at the privacy policy first.',
      policy,
      version,
    );
    this.notice.focus();
    return true;
  }

  private show(policy: PublishedPolicy | null): void {
    if (!policy) return;
    this.drawVersion(policy);
    if (this.known && this.known !== policy.version) {
      this.drawChanges('The privacy policy has changed since you were last here.', policy, this.known);
    }
  }

  private drawVersion(policy: PublishedPolicy): void {
    this.shown = policy;
    tell(
      part(this.root, 'policy-version', HTMLElement),
      ` of ${dayInWords(policy.revised)} (version ${policy.version})`,
    );
  }

  private drawChanges(words: string, policy: PublishedPolicy, known: string): void {
    tell(part(this.notice, 'policy-words', HTMLElement), words);
    const entries = changesSince(policy, known).flatMap(({ revised, what }) => [
      make('dt', '', dayInWords(revised)),
      make('dd', '', what),
    ]);
    part(this.notice, 'policy-changes', HTMLElement).replaceChildren(...entries);
    this.notice.hidden = false;
  }
}
