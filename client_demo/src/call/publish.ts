/** Publishes microphone and camera as soon as they are on; muting is the tracks' own doing. */

import { type Room, RoomEvent } from 'livekit-client';

import { phrase } from '../languages/language';
import type { LocalMedia } from '../media/local-media';
import type { DeviceKind } from '../media/problems';

/** Keeps publishing what is turned on until the answer is called. */
export function publishWhatIsOn(room: Room, media: LocalMedia, onProblem: (message: string) => void): () => void {
  const stop = new AbortController();
  const underway = new Set<DeviceKind>();

  const publish = async (kind: DeviceKind): Promise<void> => {
    const track = media.track(kind);
    if (!track || track.isMuted || underway.has(kind)) return;
    const published = [...room.localParticipant.trackPublications.values()].some((each) => each.track === track);
    if (published || room.localParticipant.permissions?.canPublish === false) return;
    underway.add(kind);
    try {
      await room.localParticipant.publishTrack(track);
      onProblem('');
    } catch {
      if (!stop.signal.aborted) onProblem(phrase(kind === 'camera' ? 'trouble.unsentCamera' : 'trouble.unsentMicrophone'));
    } finally {
      underway.delete(kind);
    }
  };

  const publishAll = (): void => {
    void publish('microphone');
    void publish('camera');
  };
  media.addEventListener('change', publishAll, { signal: stop.signal });
  room.on(RoomEvent.ParticipantPermissionsChanged, publishAll);
  publishAll();
  return () => {
    stop.abort();
    room.off(RoomEvent.ParticipantPermissionsChanged, publishAll);
  };
}
