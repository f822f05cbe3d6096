/** Three notes on the speaker that is chosen, so that a person knows before the call whether the others will be heard. */

import { part, tell } from '../dom';
import { onLanguage, phrase } from '../languages/language';
import type { Sound } from './sound';

/** Hertz, and seconds. */
const NOTES = [523.25, 659.25, 783.99];
const NOTE_SECONDS = 0.28;
const LOUDNESS = 0.25;

/** Binds `test-speaker` and `test-speaker-words` inside `root` until the answer is called. */
export function bindSpeakerTest(root: HTMLElement, sound: Sound): () => void {
  const stop = new AbortController();
  const button = part(root, 'test-speaker', HTMLButtonElement);
  const words = part(root, 'test-speaker-words', HTMLElement);
  let playing = false;
  const test = async (): Promise<void> => {
    if (playing) return;
    playing = true;
    tell(words, phrase('media.playing'));
    const played = await play(sound).catch(() => false);
    playing = false;
    if (stop.signal.aborted) return;
    tell(words, phrase(played ? 'media.played' : 'media.unplayed'));
  };
  button.addEventListener('click', () => void test(), { signal: stop.signal });
  onLanguage(() => tell(words, ''), stop.signal);
  return () => stop.abort();
}

/** True once all was played. */
async function play(sound: Sound): Promise<boolean> {
  const context = new AudioContext();
  try {
    await context.resume();
    const speaker = context.createMediaStreamDestination();
    const element = new Audio();
    element.srcObject = speaker.stream;
    await sound.route(element);
    await element.play();
    const begin = context.currentTime + 0.05;
    NOTES.forEach((note, index) => playNote(context, speaker, note, begin + index * NOTE_SECONDS));
    await new Promise((resolve) => setTimeout(resolve, (NOTES.length * NOTE_SECONDS + 0.4) * 1_000));
    element.pause();
    return true;
  } finally {
    await context.close();
  }
}

/** Swells and fades, so that it does not crack. */
function playNote(context: AudioContext, to: AudioNode, note: number, at: number): void {
  const tone = new OscillatorNode(context, { frequency: note });
  const loudness = new GainNode(context, { gain: 0 });
  loudness.gain.setValueAtTime(0, at);
  loudness.gain.linearRampToValueAtTime(LOUDNESS, at + 0.03);
  loudness.gain.linearRampToValueAtTime(0, at + NOTE_SECONDS);
  tone.connect(loudness).connect(to);
  tone.start(at);
  tone.stop(at + NOTE_SECONDS);
}
