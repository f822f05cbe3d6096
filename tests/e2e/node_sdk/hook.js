// A server of someone who uses LiveKit's SDK for Node: it receives webhooks at a free port.
//
//     node hook.js KEY SECRET
//
// Of each it tells in a line of JSON on standard output whether it is believed, and what it says.
import { createServer } from 'node:http';
import { WebhookReceiver } from 'livekit-server-sdk';

const [, , key, secret] = process.argv;
const receiver = new WebhookReceiver(key, secret);
const tell = (event, what) => console.log(JSON.stringify({ event, ...what }));

const server = createServer(async (request, response) => {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  try {
    const told = await receiver.receive(body, request.headers.authorization);
    const { event: name, room, participant, track } = told;
    tell('heard', {
      name, room: room?.name ?? '', identity: participant?.identity ?? '', track: track?.sid ?? '',
    });
  } catch (error) {
    tell('disbelieved', { why: String(error) });
    response.statusCode = 401;
  }
  response.end();
});
server.listen(0, '127.0.0.1', () => tell('listening', { url: `http://127.0.0.1:${server.address().port}/hook` }));
