/**
 * The load: a process of its own that posts distinct, genuinely signed events over keep-alive connections.
 *
 *   node bench/load.ts PORT[,PORT…] PATH BODY_BYTES CONNECTIONS WARMUP_MS MEASURED_MS [PER_SECOND]
 *
 * Closed loop, each connection as fast as it is answered; or, with PER_SECOND, open loop: so many a second come due,
 * evenly spread, whatever the server does, and an event's time counts from when it was due. Connections are dealt out
 * evenly over the ports. Prints one JSON object. Each connection has one request buffer, whose id and signature are written
 * anew in place, so that the load costs little beside the server on the same machine. Sends to loopback only.
 */
import { createHmac, createSecretKey, randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { bodyOf } from './body.ts';
import { BENCH_SECRET } from './secret.ts';

const [ports = '', path = '', bytes = '', connections = '', warmupMs = '', measuredMs = '', rate = '0'] =
  process.argv.slice(2);
const key = createSecretKey(BENCH_SECRET, 'utf8');
const ID_DIGITS = 15;
const SIGNATURE_DIGITS = 64;
const perMs = Number(rate) / 1_000;
let nextId = randomInt(1, 9) * 10 ** (ID_DIGITS - 1) + randomInt(1, 1_000_000) * 10 ** 8;

interface Connection {
  /** `since`: when what is sent was due. */
  send(since: number): void;
  end(): void;
}

const latencies: number[] = [];
let refused = 0;
let total = 0;
let due = 0;
let sent = 0;
const idle: Connection[] = [];
const start = performance.now();
const from = start + Number(warmupMs);
const until = from + Number(measuredMs);

const ticking = perMs > 0 ? setInterval(tick, 1) : undefined;
const all = ports.split(',').map(Number);
await Promise.all(Array.from({ length: Number(connections) }, (_, nth) => work(all[nth % all.length] ?? 0)));
clearInterval(ticking);
latencies.sort((a, b) => a - b);
const at = (share: number) =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
process.stdout.write(
  JSON.stringify({
    total,
    answered: latencies.length,
    perSecond: (latencies.length * 1000) / Number(measuredMs),
    refused,
    unsent: due - sent,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max: latencies.at(-1) ?? 0,
  }),
);

/** Open loop: what has come due goes to whoever is idle; what is left over waits for the next one that is. */
function tick(): void {
  const now = performance.now();
  due = Math.floor((Math.min(now, until) - start) * perMs);
  while (sent < due && idle.length > 0) idle.shift()?.send(nextDue());
  if (now >= until) for (const connection of idle.splice(0)) connection.end();
}

function nextDue(): number {
  return start + sent++ / perMs;
}

function proceed(connection: Connection): void {
  const now = performance.now();
  if (now >= until) connection.end();
  else if (perMs === 0) connection.send(now);
  else if (sent < due) connection.send(nextDue());
  else idle.push(connection);
}

function note(now: number, since: number, isTaken: boolean): void {
  total++;
  // What waits for its turn in an open loop must not fall out of the window by being late.
  const counts = perMs === 0 ? now : since;
  if (!isTaken) refused++;
  else if (counts >= from && counts < until) latencies.push(now - since);
}

function work(port: number): Promise<void> {
  const { buffer, idAt, signatureAt, bodyAt } = requestOf(Number(bytes), port);
  return new Promise((resolve, reject) => {
    let since = 0;
    const connection: Connection = {
      send(dueAt) {
        buffer.write(String(nextId++), idAt, 'latin1');
        const mac = createHmac('sha256', key).update(buffer.subarray(bodyAt)).digest('hex');
        buffer.write(mac, signatureAt, 'latin1');
        since = perMs === 0 ? performance.now() : dueAt;
        socket.write(buffer);
      },
      end: () => void socket.end(),
    };
    const socket = connect(port, '127.0.0.1', () => proceed(connection)).setNoDelay(true);
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
      if (!isWhole(answer)) return;
      note(performance.now(), since, answer.startsWith('HTTP/1.1 200'));
      answer = '';
      proceed(connection);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1];
  return end >= 0 && answer.length >= end + 4 + Number(length ?? 0);
}

function requestOf(length: number, port: number) {
  const { before, behind } = bodyOf(length);
  const body = `${before}${'1'.repeat(ID_DIGITS)}${behind}`;
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'User-Agent: bench',
    'Accept: */*',
    'Content-Type: application/json; charset=utf-8',
    `X-Hub-Signature: sha256=${'0'.repeat(SIGNATURE_DIGITS)}`,
    `Content-Length: ${body.length}`,
    '\r\n',
  ].join('\r\n');
  return {
    buffer: Buffer.from(head + body, 'latin1'),
    idAt: head.length + before.length,
    signatureAt: head.indexOf('sha256=') + 'sha256='.length,
    bodyAt: head.length,
  };
}
