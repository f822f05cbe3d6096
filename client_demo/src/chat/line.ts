/** Chat over the room's data channel, as LiveKit's own components write it: text streams of one topic.
 * What older SDKs send (`ChatMessage` packets) is read too. The server hands packets on and keeps none. */

import { Encryption_Type, type Room, RoomEvent, type TextStreamReader } from 'livekit-client';

import { LONGEST } from './log';

export const TOPIC = 'lk.chat';

/** Streams of one sender that may be open at once; more are not shown. */
const MOST_OPEN = 8;

/** Calls `onText` for what arrives until the answer is called. `identity` is stamped by the server; `encrypted` is
 * what was decrypted here. */
export function listen(
  room: Room,
  onText: (identity: string, text: string, encrypted: boolean) => void,
): () => void {
  const open = new Map<string, number>();

  const receive = async (reader: TextStreamReader, identity: string): Promise<void> => {
    const others = open.get(identity) ?? 0;
    const shown = others < MOST_OPEN;
    open.set(identity, others + 1);
    try {
      const text = await readBounded(reader, shown ? LONGEST : 0);
      if (shown) onText(identity, text, reader.info.encryptionType !== Encryption_Type.NONE);
    } catch {
      // The sender left in the middle, or what came is no text: there is no message.
    } finally {
      const left = (open.get(identity) ?? 1) - 1;
      if (left > 0) open.set(identity, left);
      else open.delete(identity);
    }
  };

  room.registerTextStreamHandler(TOPIC, (reader, { identity }) => void receive(reader, identity));
  room.on(RoomEvent.ChatMessage, (message, sender) => {
    if (sender && sender !== room.localParticipant) onText(sender.identity, message.message, false);
  });
  return () => room.unregisterTextStreamHandler(TOPIC);
}

/** The first signs of a stream, one more than `most` where it is longer. The rest is taken in and dropped: a
 * stream that nobody reads would pile up in the library. */
export async function readBounded(chunks: AsyncIterable<string>, most: number): Promise<string> {
  let text = '';
  for await (const chunk of chunks) {
    if (text.length <= most) text += chunk.slice(0, most + 1 - text.length);
  }
  return text;
}

/** Rejects where the call is to be encrypted and is not: the library would send the text as it is. */
export async function send(room: Room, text: string): Promise<void> {
  if (room.hasE2EESetup && !room.isE2EEEnabled) throw new Error('the call is not encrypted');
  await room.localParticipant.sendText(text, { topic: TOPIC });
}
