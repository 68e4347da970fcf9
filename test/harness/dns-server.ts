/** A DNS server on this machine that says what a test tells it to: A and AAAA records with a TTL, an error, or nothing. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface Records {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly ttlSeconds?: number;
}

export interface DnsServer {
  readonly port: number;
  /** By name, in small letters. A name that is not there does not exist. */
  readonly zone: Map<string, Records | 'SERVFAIL' | 'silence'>;
  /** How many questions came for a name, A and AAAA together. */
  asked(name: string): number;
  close(): Promise<void>;
}

const TYPES = { a: 1, aaaa: 28 } as const;
const OK = 0x8180;
const SERVFAIL = 0x8182;
const NXDOMAIN = 0x8183;
/** The name of the question, which begins behind the header. */
const NAME_ABOVE = 0xc00c;

export async function startDnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const zone: DnsServer['zone'] = new Map();
  const questions = new Map<string, number>();
  socket.on('message', (message, { port, address }) => {
    const { name, type, question } = readQuestion(message);
    questions.set(name, (questions.get(name) ?? 0) + 1);
    const records = zone.get(name);
    if (records !== 'silence') socket.send(answer(message, question, type, records), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    zone,
    asked: (name) => questions.get(name) ?? 0,
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

function readQuestion(message: Buffer): { name: string; type: number; question: Buffer } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] as number; length > 0; length = message[at] as number) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const question = message.subarray(12, at + 5);
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), question };
}

function answer(message: Buffer, question: Buffer, type: number, records: Records | 'SERVFAIL' | undefined) {
  const given = typeof records === 'object' ? (type === TYPES.a ? records.a : records.aaaa) : undefined;
  const ttlSeconds = typeof records === 'object' ? (records.ttlSeconds ?? 60) : 0;
  const addresses = given ?? [];
  const status = records === 'SERVFAIL' ? SERVFAIL : records === undefined ? NXDOMAIN : OK;
  const header = Buffer.alloc(12);
  message.copy(header, 0, 0, 2);
  for (const [at, value] of [status, 1, addresses.length].entries()) header.writeUInt16BE(value, 2 + at * 2);
  return Buffer.concat([header, question, ...addresses.map((one) => record(type, ttlSeconds, one))]);
}

function record(type: number, ttlSeconds: number, address: string): Buffer {
  const data = address.includes(':') ? bytes6(address) : Buffer.from(address.split('.').map(Number));
  const head = Buffer.alloc(12);
  for (const [at, value] of [NAME_ABOVE, type, 1].entries()) head.writeUInt16BE(value, at * 2);
  head.writeUInt32BE(ttlSeconds, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function bytes6(address: string): Buffer {
  const [left = [], right = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const gap = new Array<string>(8 - left.length - right.length).fill('0');
  const groups = [...left, ...gap, ...right].map((group) => group.padStart(4, '0'));
  return Buffer.from(groups.join(''), 'hex');
}
