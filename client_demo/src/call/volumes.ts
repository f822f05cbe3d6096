/** How loud each of the others is at this page: chosen in the list of people, and gone with the call. */

import { assign, hide, part, say, tell } from '../dom';
import { phrase } from '../languages/language';
import type { Call, CallPart } from './parts';
import { nameOf } from './roster';

const FULL = 100;

/** Phones that leave the volume to their own keys take no other. */
function canSetVolume(): boolean {
  const probe = document.createElement('audio');
  probe.volume = 0.5;
  return probe.volume === 0.5;
}

export class Volumes implements CallPart {
  /** Per cent, by identity; who is not in it is at full volume. */
  private readonly chosen = new Map<string, number>();
  private readonly settable = canSetVolume();

  constructor(private readonly call: Call) {}

  draw(): void {
    const { room } = this.call;
    for (const [identity, volume] of this.chosen) {
      for (const publication of room.remoteParticipants.get(identity)?.audioTrackPublications.values() ?? []) {
        const { track } = publication;
        if (track && 'setVolume' in track) (track as { setVolume: (part: number) => void }).setVolume(volume / FULL);
      }
    }
  }

  /** The button in somebody's line of the list, and what it opens. */
  showPerson(line: HTMLElement, identity: string, isNew: boolean): void {
    const { room } = this.call;
    const button = part(line, 'mixer-button', HTMLButtonElement);
    const mixer = part(line, 'mixer', HTMLElement);
    hide(button, identity === room.localParticipant.identity);
    if (isNew) {
      button.addEventListener('click', () => {
        mixer.hidden = !mixer.hidden;
        this.call.redraw();
      });
      const slider = part(line, 'volume', HTMLInputElement);
      slider.addEventListener('input', () => {
        this.chosen.set(identity, slider.valueAsNumber);
        this.call.redraw();
      });
    }
    if (!button.hidden) this.drawPerson(line, identity, button, mixer);
  }

  private drawPerson(line: HTMLElement, identity: string, button: HTMLButtonElement, mixer: HTMLElement): void {
    const { room } = this.call;
    const person = room.remoteParticipants.get(identity);
    const name = person ? nameOf(person) : identity;
    const volume = this.chosen.get(identity) ?? FULL;
    const percent = percentInWords(volume);
    const shown = volume === FULL ? '' : percent;
    const words = shown ? phrase('people.moreVolume', { name, volume: shown }) : phrase('people.more', { name });
    if (button.title !== words) button.title = button.ariaLabel = words;
    assign(button, 'aria-expanded', String(!mixer.hidden));
    say(part(button, 'mixer-volume', HTMLElement), shown);
    hide(part(line, 'volume-label', HTMLElement), !this.settable);
    tell(part(line, 'volume-words', HTMLElement), phrase('people.volume', { percent }));
    const slider = part(line, 'volume', HTMLInputElement);
    assign(slider, 'aria-label', phrase('people.volumeOf', { name }));
    if (slider.valueAsNumber !== volume) slider.value = String(volume);
  }
}

function percentInWords(volume: number): string {
  return phrase('people.percent', { number: volume });
}
