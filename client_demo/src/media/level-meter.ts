/** A bar that follows the microphone, so that a person sees being heard before joining. */

import type { LocalAudioTrack } from 'livekit-client';

/** Root mean square of samples in -1..1, on a scale where ordinary speech fills most of 0..1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const level = Math.sqrt(sum / Math.max(1, samples.length));
  if (level <= 0) return 0;
  const decibels = 20 * Math.log10(level);
  return Math.min(1, Math.max(0, (decibels + 60) / 50));
}

export class LevelMeter {
  private context: AudioContext | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private analyser: AnalyserNode | null = null;
  private watched: MediaStreamTrack | null = null;
  private frame = 0;

  constructor(private readonly bar: HTMLElement) {}

  /** Follows this track; null is silence. */
  follow(track: LocalAudioTrack | null): void {
    const next = track && !track.isMuted ? track.mediaStreamTrack : null;
    if (next === this.watched) return;
    this.source?.disconnect();
    this.source = null;
    this.watched = next;
    cancelAnimationFrame(this.frame);
    this.draw(0);
    if (!next) return;
    this.context ??= new AudioContext();
    this.analyser ??= new AnalyserNode(this.context, { fftSize: 1024 });
    this.source = this.context.createMediaStreamSource(new MediaStream([next]));
    this.source.connect(this.analyser);
    const samples = new Float32Array(this.analyser.fftSize);
    let shown = 0;
    const step = (): void => {
      this.analyser?.getFloatTimeDomainData(samples);
      const now = loudness(samples);
      shown = now > shown ? now : shown * 0.9 + now * 0.1; // quick to rise, slow to fall
      this.draw(shown);
      this.frame = requestAnimationFrame(step);
    };
    step();
  }

  /** Browsers start the audio clock only after the person touched the page. */
  wake(): void {
    void this.context?.resume();
  }

  close(): void {
    this.follow(null);
    void this.context?.close();
    this.context = null;
    this.analyser = null;
  }

  private draw(level: number): void {
    this.bar.style.setProperty('--level', level.toFixed(3));
  }
}
