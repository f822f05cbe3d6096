import { TrackInfo, TrackSource, TrackType, type UpdateTrackSettings, VideoLayer, VideoQuality } from '@livekit/protocol';
import { type ElementInfo, RemoteTrackPublication, RemoteVideoTrack, Track, TrackEvent } from 'livekit-client';
import { describe, expect, it } from 'vitest';

import type { Call } from '../src/call/parts';
import { VideoWishes, type Wish } from '../src/call/video-wishes';

const LAYERS = [
  { quality: VideoQuality.LOW, width: 320, height: 180 },
  { quality: VideoQuality.MEDIUM, width: 640, height: 360 },
  { quality: VideoQuality.HIGH, width: 1280, height: 720 },
].map((layer) => new VideoLayer(layer));

class Camera extends EventTarget {
  readonly kind = 'video';
  readonly id = 'camera';
  readonly enabled = true;
}

class TileOfATest implements ElementInfo {
  readonly element = {};
  readonly pictureInPicture = false;
  readonly visibilityChangedAt = undefined;
  visible = true;
  size: [number, number] = [0, 0];
  handleResize?: () => void;
  handleVisibilityChanged?: () => void;
  width = (): number => this.size[0];
  height = (): number => this.size[1];
  observe(): void {}
  stopObserving(): void {}
}

/** A video of the library's own, in a tile whose size is told as its observers do, and what it asks the server for. */
function video(source = TrackSource.CAMERA) {
  const info = new TrackInfo({ sid: 'TR_1', type: TrackType.VIDEO, source, width: 1280, height: 720, layers: LAYERS });
  const publication = new RemoteTrackPublication(Track.Kind.Video, info, true);
  const track = new RemoteVideoTrack(new Camera() as unknown as MediaStreamTrack, 'TR_1', {} as RTCRtpReceiver, { pixelDensity: 1 });
  const asked: UpdateTrackSettings[] = [];
  publication.on(TrackEvent.UpdateSettings, (settings) => void asked.push(settings));
  publication.setTrack(track);
  const tile = new TileOfATest();
  track.observeElementInfo(tile);
  const resized = async (width: number, height: number): Promise<void> => {
    tile.size = [width, height];
    tile.handleResize?.();
    await new Promise((resolve) => setTimeout(resolve, 150)); // the library waits so long for more changes
  };
  const seen = (visible: boolean): void => {
    tile.visible = visible;
    tile.handleVisibilityChanged?.();
  };
  const last = (): string => {
    const { disabled, width, height, quality } = asked.at(-1) ?? {};
    return disabled ? 'nothing' : width ? `${width}x${height}` : (VideoQuality[quality ?? 0] ?? '');
  };
  return { publication, resized, seen, last };
}

function wishesFor(publication: RemoteTrackPublication): VideoWishes {
  const person = { videoTrackPublications: new Map([[publication.trackSid, publication]]) };
  const room = { remoteParticipants: new Map([['ada', person]]) };
  const call = { room, redraw: () => wishes.draw() };
  const wishes = new VideoWishes(call as unknown as Call);
  return wishes;
}

describe('the wish for a video', () => {
  it.each<[Wish, string, string]>([
    ['automatic', '240x180', '960x540'],
    ['high', 'HIGH', 'HIGH'],
    ['medium', '240x180', 'MEDIUM'],
    ['low', '240x180', 'LOW'],
  ])('%s asks for %s in a small tile and for %s in a large one', async (wish, small, large) => {
    const { publication, resized, last } = video();
    const wishes = wishesFor(publication);
    wishes.choose('ada', wish);
    await resized(240, 180);
    expect(last()).toBe(small);
    await resized(960, 540);
    expect(last()).toBe(large);
    wishes.choose('ada', 'automatic');
    await resized(480, 270);
    expect(last()).toBe('480x270');
  });

  it.each<Wish>(['automatic', 'high', 'medium', 'low'])('%s asks for nothing while nobody sees the tile', async (wish) => {
    const { publication, resized, seen, last } = video();
    const wishes = wishesFor(publication);
    wishes.choose('ada', wish);
    await resized(240, 180);
    seen(false);
    expect(last()).toBe('nothing');
    wishes.draw();
    expect(last()).toBe('nothing');
    seen(true);
    expect(last()).not.toBe('nothing');
  });

  it('is of a person, and leaves what they share alone', async () => {
    const { publication, resized, last } = video(TrackSource.SCREEN_SHARE);
    wishesFor(publication).choose('ada', 'low');
    await resized(960, 540);
    expect(last()).toBe('960x540');
  });

  it('is off for whom that was chosen', () => {
    const wishes = wishesFor(video().publication);
    wishes.choose('ada', 'off');
    expect([wishes.isOff('ada'), wishes.isOff('alan')]).toEqual([true, false]);
    wishes.choose('ada', 'low');
    expect(wishes.isOff('ada')).toBe(false);
  });
});
