/** Plays the sound of the others, on the speaker chosen. */

import type { RemoteTrack } from 'livekit-client';

export class Sound {
  speaker = 'default';
  readonly canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;
  private readonly playing = new Map<RemoteTrack, HTMLMediaElement>();

  /** `place` holds the audio elements; they are not seen. */
  constructor(private readonly place: HTMLElement) {}

  /** Plays exactly these tracks. */
  play(tracks: ReadonlySet<RemoteTrack>): void {
    for (const [track, element] of this.playing) {
      if (tracks.has(track)) continue;
      track.detach(element);
      element.remove();
      this.playing.delete(track);
    }
    for (const track of tracks) {
      if (this.playing.has(track)) continue;
      const element = track.attach();
      this.playing.set(track, element);
      this.place.append(element);
      void this.route(element);
    }
  }

  async chooseSpeaker(deviceId: string): Promise<void> {
    this.speaker = deviceId;
    await Promise.all(Array.from(this.playing.values(), (element) => this.route(element)));
  }

  /** Puts an element on the speaker that is chosen. */
  async route(element: HTMLMediaElement): Promise<void> {
    if (!this.canChooseSpeaker || this.speaker === 'default') return;
    // A speaker that is gone leaves the sound on the one in use.
    await element.setSinkId(this.speaker).catch(() => undefined);
  }
}
