/** The person's own microphone and camera: one object from the preview to the end of the call. */

import {
  createLocalTracks,
  type LocalAudioTrack,
  type LocalVideoTrack,
  Track,
  TrackEvent,
} from 'livekit-client';

import { type DeviceKind, type Problem, problemOf, problemOfPage } from './problems';

export interface DeviceState {
  on: boolean;
  busy: boolean;
  problem: Problem | null;
}

type OwnTrack = LocalAudioTrack | LocalVideoTrack;

const KINDS: readonly DeviceKind[] = ['microphone', 'camera'];

/** Says `change` whenever a state or a track changed. */
export class LocalMedia extends EventTarget {
  microphone: LocalAudioTrack | null = null;
  camera: LocalVideoTrack | null = null;
  private readonly busy: Record<DeviceKind, boolean> = { microphone: false, camera: false };
  private readonly problem: Record<DeviceKind, Problem | null> = { microphone: null, camera: null };
  private readonly device: Record<DeviceKind, string> = { microphone: '', camera: '' };
  /** Raised by `release`: what was asked for before it is closed as soon as it arrives. */
  private generation = 0;

  track(kind: DeviceKind): OwnTrack | null {
    return kind === 'microphone' ? this.microphone : this.camera;
  }

  state(kind: DeviceKind): DeviceState {
    const track = this.track(kind);
    return { on: track !== null && !track.isMuted, busy: this.busy[kind], problem: this.problem[kind] };
  }

  /** Opens both, with one question to the person. Where that fails, each alone, unless it was refused. */
  async openBoth(): Promise<void> {
    const failed = await this.open(KINDS);
    if (!failed) return;
    const said = await Promise.all(KINDS.map(permission));
    for (const [index, kind] of KINDS.entries()) {
      // A question that was waved away is not put again; one that only the other kind spoilt is.
      const spoilt = said[index] === 'prompt' && said[1 - index] === 'denied';
      if (failed !== 'denied' || said[index] === 'granted' || spoilt) await this.open([kind]);
    }
  }

  /** Turns one on or off. The camera's light goes out; a muted microphone stays open but sends silence. */
  async turn(kind: DeviceKind, on: boolean): Promise<void> {
    const track = this.track(kind);
    if (this.busy[kind] || this.state(kind).on === on) return;
    if (!track) {
      await this.open([kind]);
      return;
    }
    await this.during([kind], async () => {
      await (on ? track.unmute() : track.mute());
      this.problem[kind] = null;
    });
  }

  /** Uses another device, now or when the kind is next turned on. */
  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.device[kind] = deviceId;
    const track = this.track(kind);
    if (!track) {
      await this.open([kind]);
      return;
    }
    await this.during([kind], async () => {
      await track.setDeviceId({ exact: deviceId });
      this.problem[kind] = null;
    });
  }

  /** The device in use, or to be used once the kind is on; empty if none. */
  deviceId(kind: DeviceKind): string {
    const used = this.track(kind)?.mediaStreamTrack.getSettings().deviceId ?? '';
    return this.state(kind).on ? used : this.device[kind] || used;
  }

  /** The camera is the one at the back of a phone: what it shows is no mirror. */
  get looksAway(): boolean {
    return this.camera?.mediaStreamTrack.getSettings().facingMode === 'environment';
  }

  /** Closes both devices. */
  release(): void {
    this.generation += 1;
    for (const kind of KINDS) {
      this.drop(kind);
      this.busy[kind] = false;
      this.problem[kind] = null;
    }
    this.changed();
  }

  /** Opens devices of the kinds given in one request; answers the problem, if any. */
  private async open(kinds: readonly DeviceKind[]): Promise<Problem | null> {
    const generation = this.generation;
    return await this.during(kinds, async () => {
      const tracks = await createLocalTracks({
        audio: kinds.includes('microphone') && capture(this.device.microphone),
        video: kinds.includes('camera') && capture(this.device.camera),
      });
      for (const track of tracks) {
        if (generation === this.generation) this.adopt(track as OwnTrack);
        else track.stop();
      }
    });
  }

  private async during(kinds: readonly DeviceKind[], work: () => Promise<void>): Promise<Problem | null> {
    const generation = this.generation;
    const onPage = problemOfPage(window.isSecureContext, navigator.mediaDevices !== undefined);
    let problem: Problem | null = onPage;
    if (!onPage) {
      for (const kind of kinds) this.busy[kind] = true;
      this.changed();
      try {
        await work();
      } catch (error) {
        problem = problemOf(error);
      }
    }
    if (generation !== this.generation) return problem;
    for (const kind of kinds) {
      this.busy[kind] = false;
      this.problem[kind] = problem;
    }
    this.changed();
    return problem;
  }

  private adopt(track: OwnTrack): void {
    const kind: DeviceKind = track.kind === Track.Kind.Audio ? 'microphone' : 'camera';
    this.drop(kind);
    if (kind === 'microphone') this.microphone = track as LocalAudioTrack;
    else this.camera = track as LocalVideoTrack;
    this.problem[kind] = null;
    track.on(TrackEvent.Muted, () => this.changed());
    track.on(TrackEvent.Unmuted, () => this.changed());
    track.on(TrackEvent.Restarted, () => this.changed());
    track.on(TrackEvent.Ended, () => {
      if (this.track(kind) !== track || track.isMuted) return;
      this.problem[kind] = 'gone';
      void track.mute();
      this.changed();
    });
  }

  private drop(kind: DeviceKind): void {
    const track = this.track(kind);
    if (kind === 'microphone') this.microphone = null;
    else this.camera = null;
    track?.removeAllListeners();
    track?.detach();
    track?.stop();
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function capture(deviceId: string): true | { deviceId: string } {
  return deviceId ? { deviceId } : true;
}

/** What the browser says of a permission; `prompt` where it does not say. */
async function permission(kind: DeviceKind): Promise<PermissionState> {
  try {
    return (await navigator.permissions.query({ name: kind as PermissionName })).state;
  } catch {
    return 'prompt';
  }
}
