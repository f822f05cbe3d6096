// A server of someone who uses LiveKit's SDK for Node: every method of RoomService, on a room in which somebody is.
//
//     node moderate.js moderate|token URL KEY SECRET ROOM IDENTITY
//
// What each answered goes to standard output, as one object in JSON: an `answer`, or why it was `refused`. With
// `token` it is a token to join that room with, as it is.
import { AccessToken, DataPacket_Kind, RoomServiceClient } from 'livekit-server-sdk';

const [, , what, url, key, secret, room, identity] = process.argv;

async function token() {
  const made = new AccessToken(key, secret, { identity, ttl: '1m' });
  made.addGrant({ roomJoin: true, room });
  return made.toJwt();
}

async function moderate() {
  const service = new RoomServiceClient(url, key, secret);
  const told = {};
  const ask = async (method, asking, answer) => {
    try {
      told[method] = { answer: answer(await asking()) };
    } catch (error) {
      told[method] = { refused: `${error.code}: ${error.message}` };
    }
  };
  const done = () => true;
  let track = '';

  await ask('createRoom', () => service.createRoom({ name: 'made-by-node', metadata: 'made' }), (made) => made.metadata);
  await ask('listRooms', () => service.listRooms(), (rooms) => rooms.map((one) => one.name).sort());
  await ask('deleteRoom', () => service.deleteRoom('made-by-node'), done);
  await ask('updateRoomMetadata', () => service.updateRoomMetadata(room, 'by Node'), (now) => now.metadata);
  await ask('listParticipants', () => service.listParticipants(room), (all) => all.map((one) => one.identity));
  await ask('getParticipant', () => service.getParticipant(room, identity), (found) => {
    track = found.tracks[0]?.sid ?? '';
    return found.identity;
  });
  await ask('updateParticipant', () => service.updateParticipant(room, identity, { name: 'Nodder' }), (now) => now.name);
  await ask('mutePublishedTrack', () => service.mutePublishedTrack(room, identity, track, true), (now) => now.muted);
  await ask('updateSubscriptions', () => service.updateSubscriptions(room, identity, [track], false), done);
  await ask(
    'sendData',
    () => service.sendData(room, new TextEncoder().encode('by Node'), DataPacket_Kind.RELIABLE, { topic: 'news' }),
    done,
  );
  await ask('forwardParticipant', () => service.forwardParticipant(room, identity, 'elsewhere'), done);
  await ask('moveParticipant', () => service.moveParticipant(room, identity, 'elsewhere'), done);
  await ask('removeParticipant', () => service.removeParticipant(room, identity), done);
  return told;
}

console.log(what === 'token' ? await token() : JSON.stringify(await moderate()));
