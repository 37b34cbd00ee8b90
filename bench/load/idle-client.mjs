/**
 * Idle streams: opens COUNT streams, waits for the first chunk of each, then holds them. Talks JSON lines on stdout:
 * `{"open":n}` when all have begun, `{"result":…}` when the upstream has ended them. Ends when stdin closes.
 *
 *   node bench/load/idle-client.mjs '{"port":…,"target":{…},"count":…}'
 */
import { chatRequest, faultOfStream } from './answers.mjs';
import { Checker } from './checker.mjs';
import { Connection, requestBytes } from './connection.mjs';

const OPENING_AT_ONCE = 50;
const IDLE_CHUNKS = 2;
const { port, target, count } = JSON.parse(process.argv[2]);
const [{ key, model, expectedModel }] = target.calls;
const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...target.headers };
const body = chatRequest(model, 1024, { stream: true });
const bytes = requestBytes({ path: target.path, headers, key, body });
const checker = new Checker((text) => faultOfStream(text, expectedModel, IDLE_CHUNKS));

let opened = 0;
let begun = 0;
let ended = 0;
let broken = 0;
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

function open() {
  opened += 1;
  const connection = new Connection(port, {
    onFirst() {
      begun += 1;
      if (begun === count) say({ open: begun });
      else if (opened < count) open();
    },
    onEnd(answer) {
      checker.check(answer);
      end();
    },
    onBroken(why) {
      broken += 1;
      checker.fault ||= why;
      end();
    },
  });
  const end = () => {
    connection.close();
    ended += 1;
    if (ended === opened)
      say({ result: { calls: ended, begun, broken, wrong: checker.wrong, fault: checker.fault, timedOut: 0 } });
  };
  connection.send(bytes);
}
for (let i = 0; i < Math.min(OPENING_AT_ONCE, count); i++) open();
process.stdin.on('end', () => process.exit(0)).resume();
setTimeout(() => process.exit(1), 90_000).unref();
