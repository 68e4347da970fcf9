/**
 * The load: a process of its own that posts distinct, genuinely signed events over keep-alive connections, closed loop.
 *
 *   node bench/load.ts PORT PATH BODY_BYTES CONNECTIONS WARMUP_MS MEASURED_MS
 *
 * Prints one JSON object. Each connection has one request buffer, whose id and signature are written anew in place, so
 * that the load costs little beside the server on the same machine. Sends to loopback only.
 */
import { createHmac, createSecretKey, randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { BENCH_SECRET } from './secret.ts';

const [port = '', path = '', bytes = '', connections = '', warmupMs = '', measuredMs = ''] =
  process.argv.slice(2);
const key = createSecretKey(BENCH_SECRET, 'utf8');
const ID_DIGITS = 15;
const SIGNATURE_DIGITS = 64;
let nextId = randomInt(1, 9) * 10 ** (ID_DIGITS - 1) + randomInt(1, 1_000_000) * 10 ** 8;

const latencies: number[] = [];
let refused = 0;
let total = 0;
const start = performance.now();
const from = start + Number(warmupMs);
const until = from + Number(measuredMs);

const workers = Array.from({ length: Number(connections) }, () => work());
await Promise.all(workers);
latencies.sort((a, b) => a - b);
const at = (share: number) =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
const perSecond = (latencies.length * 1000) / Number(measuredMs);
process.stdout.write(
  JSON.stringify({
    total,
    answered: latencies.length,
    perSecond,
    refused,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
  }),
);

function work(): Promise<void> {
  const { buffer, idAt, signatureAt, bodyAt } = requestOf(Number(bytes));
  return new Promise((resolve, reject) => {
    let sentAt = 0;
    const send = () => {
      buffer.write(String(nextId++), idAt, 'latin1');
      const mac = createHmac('sha256', key).update(buffer.subarray(bodyAt)).digest('hex');
      buffer.write(mac, signatureAt, 'latin1');
      sentAt = performance.now();
      socket.write(buffer);
    };
    const socket = connect(Number(port), '127.0.0.1', send).setNoDelay(true);
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
      if (!isWhole(answer)) return;
      const now = performance.now();
      total++;
      if (!answer.startsWith('HTTP/1.1 200')) refused++;
      else if (now >= from && now < until) latencies.push(now - sentAt);
      answer = '';
      if (now >= until) socket.end();
      else send();
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

/** A Flexport-like event of about `bytes` bytes, whose `id` stands behind a large `data` as in real ones. */
function requestOf(bytes: number) {
  const tail = `,"id":${'1'.repeat(ID_DIGITS)},"occurred_at":"2026-05-11T11:00:00.000Z","type":"/shipment_leg#arrived","version":2}`;
  const leg = `{"_object":"/shipment_leg","id":7104426,"carrier_name":"Lombard","pieces":13,"tracking_number":null}`;
  const count = Math.max(1, Math.round((bytes - 80 - tail.length) / (leg.length + 1)));
  const body = `{"_object":"/event","data":{"containers":[${Array(count).fill(leg).join(',')}]}${tail}`;
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
    idAt: head.length + body.length - tail.length + ',"id":'.length,
    signatureAt: head.indexOf('sha256=') + 'sha256='.length,
    bodyAt: head.length,
  };
}
