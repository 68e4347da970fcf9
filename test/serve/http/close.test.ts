/** The moment the port closes: nobody who got through to it is turned away. */
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { readKnobs } from '../../../src/serve/config/knobs.ts';
import { closeServer, createHttpServer, listen } from '../../../src/serve/http/server.ts';

const knobs = readKnobs({}, []);

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const METER = { request() {}, sender() {}, proof() {}, attempt() {}, reply() {}, duplicate() {} };
const SENDERS = 20;

/** Connects from a thread of its own, says so in `workerData`, and posts for each connection what came back on it. */
const SENDER = `
const { connect } = require('node:net');
const { parentPort, workerData: { port, senders, connected } } = require('node:worker_threads');
let open = 0;
for (let nth = 0; nth < senders; nth++) {
  const socket = connect(port, '127.0.0.1', () => {
    socket.write('GET / HTTP/1.1\\r\\nHost: receiver.test\\r\\nConnection: close\\r\\n\\r\\n');
    if (++open === senders) {
      Atomics.store(connected, 0, 1);
      Atomics.notify(connected, 0);
    }
  });
  let text = '';
  socket.on('data', (bytes) => { text += bytes; });
  socket.on('error', (error) => { text = error.code; });
  socket.on('close', () => parentPort.postMessage(text.split('\\r\\n')[0]));
}`;

test('connections that were made before the close, but not taken yet, are answered', async () => {
  const server = createHttpServer((_request, response) => response.end(), { knobs, log: LOG, meter: METER });
  const port = await listen(server, '127.0.0.1', 0);
  const connected = new Int32Array(new SharedArrayBuffer(4));
  const answers: string[] = [];
  const worker = new Worker(SENDER, { eval: true, workerData: { port, senders: SENDERS, connected } });
  worker.on('message', (answer: string) => answers.push(answer));

  // This thread takes nothing while it stands still; the system completes the connections.
  expect(Atomics.wait(connected, 0, 0, 10_000)).toBe('ok');
  await closeServer(server, 5_000);
  await expect.poll(() => answers.length).toBe(SENDERS);
  expect(new Set(answers)).toEqual(new Set(['HTTP/1.1 200 OK']));
  await worker.terminate();
});
