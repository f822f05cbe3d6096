/** Follows, for as long as somebody is in doubt, whether what comes of them is played. */

import { type Participant, type Room, RoomEvent } from 'livekit-client';

import { type Count, Doubts } from './doubts';

const LOOK_MS = 1_000;

/** As the worker begins its messages where the key is at fault, and not the browser. */
const KEY_AT_FAULT = /^(InvalidKey|MissingKey)\b/u;

export class Reading {
  private readonly doubts = new Doubts();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly room: Room,
    private readonly onChange: () => void,
  ) {
    room.on(RoomEvent.EncryptionError, (error, person) => {
      if (!person || person === room.localParticipant || !KEY_AT_FAULT.test(error.message)) return;
      this.doubts.failed(person.identity);
      this.follow();
      this.onChange();
    });
  }

  isUnreadable(person: Participant): boolean {
    return this.doubts.isUnreadable(person.identity);
  }

  keyChanged(): void {
    this.doubts.question(this.room.remoteParticipants.keys());
    this.follow();
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private follow(): void {
    this.timer ??= setTimeout(() => void this.look(), LOOK_MS);
  }

  private async look(): Promise<void> {
    const counts = await countsOf(this.room);
    if (this.timer === undefined) return; // closed meanwhile
    this.timer = undefined;
    this.doubts.look(counts);
    this.onChange();
    if (!this.doubts.none) this.follow();
  }
}

async function countsOf(room: Room): Promise<Map<string, Count>> {
  const counts = new Map<string, Count>();
  for (const person of room.remoteParticipants.values()) {
    const sum: Count = { packets: 0, frames: 0, samples: 0 };
    let sends = false;
    for (const { track, isEncrypted } of person.trackPublications.values()) {
      sends ||= isEncrypted;
      const report = isEncrypted ? await track?.getRTCStatsReport().catch(() => undefined) : undefined;
      report?.forEach((entry: RTCInboundRtpStreamStats) => {
        if (entry.type !== 'inbound-rtp') return;
        sum.packets += entry.packetsReceived ?? 0;
        sum.frames += entry.framesDecoded ?? 0;
        sum.samples += (entry.totalSamplesReceived ?? 0) - (entry.concealedSamples ?? 0);
      });
    }
    if (sends) counts.set(person.identity, sum);
  }
  return counts;
}
