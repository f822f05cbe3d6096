/** The page before the call: who, which room, and a look in the mirror. */

import { copyOf, inEnglish, make, part, say, sayOrQuote, tell } from '../dom';
import { JoinEncryption } from '../encryption/join-part';
import { askedIn, bindLanguages, languageQuery } from '../languages/choice';
import { onLanguage, phrase, pieces } from '../languages/language';
import { freshRoomName, type Invitation } from '../link';
import { offerDevices } from '../media/device-choice';
import { LevelMeter } from '../media/level-meter';
import type { LocalMedia } from '../media/local-media';
import type { Sound } from '../media/sound';
import { bindSwitches } from '../media/switches';
import { bindSupport } from '../support-code';
import { forget, keep, kept } from './kept-name';
import { PolicyPart } from './policy-part';
import { drawSummary, type CallSummary } from './summary';

export interface JoinRequest {
  room: string;
  name: string;
  /** The version of the privacy policy that was shown; empty if none was. */
  policy: string;
  passcode: string;
  oldEnough: boolean;
  /** Null where the call is not to be encrypted end to end. It is never sent. */
  key: string | null;
}

export interface JoinPageOptions {
  invitation: Invitation;
  /** Given before in this page; else what is kept from earlier visits. */
  name: string;
  media: LocalMedia;
  sound: Sound;
  summary: CallSummary | null;
  onJoin: (request: JoinRequest) => void;
}

/** In the query of the address, for who has a passcode that nobody is asked for. */
const MODERATE = 'moderate';

export class JoinPage {
  readonly element = copyOf('join-page');
  private readonly form = part(this.element, 'form', HTMLFormElement);
  private readonly name = part(this.element, 'name', HTMLInputElement);
  private readonly room = part(this.element, 'room', HTMLInputElement);
  private readonly passcode = part(this.element, 'passcode', HTMLInputElement);
  private readonly age = part(this.element, 'age', HTMLInputElement);
  private readonly remember = part(this.element, 'remember', HTMLInputElement);
  private readonly policy: PolicyPart;
  private readonly encryption: JoinEncryption;
  private readonly button = part(this.element, 'join', HTMLButtonElement);
  private readonly status = part(this.element, 'status', HTMLElement);
  private readonly error = part(this.element, 'error', HTMLElement);
  private readonly showSupport = bindSupport(this.element);
  private readonly video = part(this.element, 'preview', HTMLVideoElement);
  private readonly meter = new LevelMeter(part(this.element, 'level', HTMLElement));
  private readonly stop = new AbortController();
  private readonly closers: (() => void)[] = [];

  constructor(private readonly options: JoinPageOptions) {
    const { media, sound } = options;
    this.closers.push(bindSwitches(this.element, media), offerDevices(this.element, media, sound));
    const onChange = (): void => this.drawPreview();
    media.addEventListener('change', onChange);
    this.closers.push(() => media.removeEventListener('change', onChange));
    this.element.addEventListener('pointerdown', () => this.meter.wake());
    this.element.addEventListener('keydown', () => this.meter.wake());

    const remembered = kept();
    this.policy = new PolicyPart(this.element, remembered.policy);
    this.name.value = options.name || remembered.name;
    this.remember.checked = remembered.name !== '';
    this.room.value = options.invitation.room;
    this.encryption = new JoinEncryption(this.element, options.invitation.key);
    if (new URLSearchParams(location.search).has(MODERATE)) this.showPasscode();
    part(this.element, 'fresh-room', HTMLButtonElement).addEventListener('click', () => {
      this.room.value = freshRoomName((bytes) => crypto.getRandomValues(bytes));
      this.room.focus();
    });
    part(this.element, 'more-devices', HTMLDetailsElement).open = matchMedia('(min-width: 52.01rem)').matches;
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.submit();
    });
    bindLanguages(part(this.element, 'language', HTMLSelectElement));
    onLanguage(() => this.drawAnew(), this.stop.signal);
    this.draw();
  }

  /** Once the page is in the document: the first thing to fill in, or what just ended. */
  focus(): void {
    if (this.options.summary) part(this.element, 'summary', HTMLElement).focus();
    else if (!matchMedia('(pointer: fine)').matches) return; // a phone would raise its keyboard over the page
    else if (this.name.value === '') this.name.focus();
    else if (this.room.value === '') this.room.focus();
    else this.button.focus();
  }

  /** Another link to this page was followed. */
  invite({ room, key }: Invitation): void {
    if (!room) return;
    this.room.value = room;
    this.encryption.set(key);
  }

  /** The room takes nothing else. */
  askKey(message: string): void {
    this.failed(message);
    this.encryption.want();
  }

  private joining(): void {
    this.button.disabled = true;
    this.complain('');
    this.showSupport('');
    tell(this.status, phrase('join.joining'));
  }

  /** `code`: the support code of the attempt, where it has one. `quoted`: the message is the server's, in
   * English; `refusal`: so much of it is. */
  failed(message: string, { code = '', quoted = false, refusal = '' } = {}): void {
    this.button.disabled = false;
    tell(this.status, '');
    this.complain(message, quoted);
    if (refusal) this.error.replaceChildren(...refusedWith(refusal));
    this.showSupport(code);
    this.button.focus();
  }

  private complain(message: string, quoted = false): void {
    sayOrQuote(this.error, message, quoted);
  }

  askPasscode(message: string): void {
    this.failed(message);
    this.showPasscode();
    this.passcode.select();
    this.passcode.focus();
  }

  private showPasscode(): void {
    this.passcode.closest('label')?.removeAttribute('hidden');
    this.passcode.required = true;
  }

  askAge(message: string): void {
    this.failed(message);
    this.age.closest('label')?.removeAttribute('hidden');
    this.age.required = true;
    this.age.focus();
  }

  /** The server serves another policy than `shown`; `message` is for where that cannot be shown either. */
  async askPolicy(shown: string, message: string): Promise<void> {
    this.failed('');
    if (!(await this.policy.showAnother(shown))) this.failed(message);
  }

  close(): void {
    this.stop.abort();
    this.closers.forEach((close) => close());
    this.meter.close();
    this.options.media.camera?.detach(this.video);
    this.element.remove();
  }

  private async submit(): Promise<void> {
    const name = this.name.value.trim();
    const room = this.room.value.trim();
    if (!name || !room) {
      this.complain(phrase(name ? 'join.roomless' : 'join.nameless'));
      (name ? this.room : this.name).focus();
      return;
    }
    if (this.age.required && !this.age.checked) {
      this.complain(phrase('join.ageless'));
      this.age.focus();
      return;
    }
    const { key } = this.encryption;
    const problem = this.encryption.problem();
    if (problem) {
      this.complain(problem);
      this.encryption.focus();
      return;
    }
    this.joining();
    const policy = await this.policy.version();
    if (this.remember.checked) keep({ name, policy, language: askedIn(location.search) || kept().language });
    else forget();
    this.options.onJoin({ room, name, policy, passcode: this.passcode.value, oldEnough: this.age.checked, key });
  }

  /** What this page says in the language that is shown. */
  private draw(): void {
    drawSummary(part(this.element, 'summary', HTMLElement), this.options.summary);
    // Whoever chose a language has that remembered too.
    const chosen = askedIn(location.search) || kept().language;
    part(this.element, 'remember-words', HTMLElement).textContent = phrase(chosen ? 'join.remembered' : 'join.remember');
    part(this.element, 'rights-link', HTMLAnchorElement).href = `rights${languageQuery()}`;
    this.drawPreview();
  }

  /** Another language is shown: what was refused in the one before is gone with it. */
  private drawAnew(): void {
    this.complain('');
    this.showSupport('');
    this.encryption.draw();
    this.policy.draw();
    this.draw();
  }

  private drawPreview(): void {
    const { media } = this.options;
    const camera = media.state('camera');
    if (camera.on && media.camera) {
      if (!media.camera.attachedElements.includes(this.video)) media.camera.attach(this.video);
    } else {
      media.camera?.detach(this.video);
    }
    this.video.hidden = !camera.on;
    this.video.dataset['mirrored'] = String(!media.looksAway);
    say(
      part(this.element, 'preview-words', HTMLElement),
      camera.on ? '' : phrase(camera.busy ? 'join.starting' : 'join.off'),
    );
    this.meter.follow(media.state('microphone').on ? media.microphone : null);
  }
}

/** The server did not let the person in, in its own words. */
function refusedWith(refusal: string): (string | HTMLElement)[] {
  return pieces('refused.notLetIn').map((piece, index) => (index % 2 === 0 ? piece : inEnglish(make('bdi', '', refusal))));
}
