/** One call's encryption: the library's, with one key that everybody has, in a worker of this server. */

import { ExternalE2EEKeyProvider, type Room, RoomEvent } from 'livekit-client';
import EncryptionWorker from 'livekit-client/e2ee-worker?worker';

const BEGIN_MS = 10_000;

export class CallEncryption {
  /** For the room's options. */
  readonly options: { keyProvider: ExternalE2EEKeyProvider; worker: Worker };

  private constructor(private held: string) {
    this.options = { keyProvider: new ExternalE2EEKeyProvider(), worker: new EncryptionWorker() };
  }

  static async with(key: string): Promise<CallEncryption> {
    const encryption = new CallEncryption(key);
    await encryption.options.keyProvider.setKey(key);
    return encryption;
  }

  get key(): string {
    return this.held;
  }

  /** From now on, for what is sent and for what comes. */
  async change(key: string): Promise<void> {
    await this.options.keyProvider.setKey(key);
    this.held = key;
  }

  /** Once the room is connected: resolves when the worker encrypts. Until then the library would send data and frames
   * as they are. Rejects after a while. */
  async begun(room: Room): Promise<void> {
    if (room.isE2EEEnabled) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the encryption did not begin')), BEGIN_MS);
      const look = (): void => {
        if (!room.isE2EEEnabled) return;
        clearTimeout(timer);
        room.off(RoomEvent.ParticipantEncryptionStatusChanged, look);
        resolve();
      };
      room.on(RoomEvent.ParticipantEncryptionStatusChanged, look);
    });
  }

  close(): void {
    this.options.worker.terminate();
  }
}
