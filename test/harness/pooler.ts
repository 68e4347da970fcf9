/**
 * A pooler that lends its one session to whichever transaction comes next, as PgBouncer does in `pool_mode = transaction`:
 * what one client has set or locked for its session is the next one's.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Client } from 'pg';

const SSL_REQUEST = 80_877_103;
/** AuthenticationOk, the parameters that a client looks at, a key to cancel with, ReadyForQuery. */
const GREETING = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('S', Buffer.from('client_encoding\0UTF8\0')),
  message('S', Buffer.from('server_version\x0018.0\0')),
  message('K', Buffer.alloc(8)),
  message('Z', Buffer.from('I')),
]);

function message(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

/** Takes whole messages out of a stream of them. */
function* messagesIn(held: { bytes: Buffer }): Generator<{ type: string; whole: Buffer }> {
  while (held.bytes.length >= 5 && held.bytes.length > held.bytes.readInt32BE(1)) {
    const length = held.bytes.readInt32BE(1) + 1;
    const whole = held.bytes.subarray(0, length);
    held.bytes = held.bytes.subarray(length);
    yield { type: String.fromCharCode(whole[0] as number), whole };
  }
}

/** Answers with the URL of the database behind it. */
export async function startPooler(url: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const session = new Client({ connectionString: url });
  session.on('error', () => {});
  await session.connect();
  const { stream } = (session as Client & { readonly connection: { readonly stream: Socket } }).connection;
  stream.removeAllListeners('data');
  const waiting: { from: Socket; bytes: Buffer }[] = [];
  let lentTo: Socket | undefined;
  let isBusy = false;

  function lend(): void {
    const at = waiting.findIndex(({ from }) => lentTo === undefined || from === lentTo);
    if (isBusy || at < 0) return;
    const [next] = waiting.splice(at, 1);
    lentTo = next?.from;
    isBusy = true;
    if (next) stream.write(next.bytes);
  }

  const answers = { bytes: Buffer.alloc(0) };
  stream.on('data', (bytes: Buffer) => {
    answers.bytes = Buffer.concat([answers.bytes, bytes]);
    for (const { type, whole } of messagesIn(answers)) {
      lentTo?.write(whole);
      if (type !== 'Z') continue;
      isBusy = false;
      if (whole[5] === 'I'.charCodeAt(0)) lentTo = undefined;
    }
    lend();
  });

  const server = createServer((near) => {
    const said = { bytes: Buffer.alloc(0) };
    let isGreeted = false;
    let gathered = Buffer.alloc(0);
    near.on('error', () => {});
    near.on('data', (bytes: Buffer) => {
      said.bytes = Buffer.concat([said.bytes, bytes]);
      while (!isGreeted && said.bytes.length >= 8) {
        const isSsl = said.bytes.readInt32BE(4) === SSL_REQUEST;
        said.bytes = said.bytes.subarray(said.bytes.readInt32BE(0));
        isGreeted = !isSsl;
        near.write(isSsl ? Buffer.from('N') : GREETING);
      }
      for (const { type, whole } of isGreeted ? messagesIn(said) : []) {
        if (type === 'X') return;
        gathered = Buffer.concat([gathered, whole]);
        if (type !== 'Q' && type !== 'S') continue;
        waiting.push({ from: near, bytes: gathered });
        gathered = Buffer.alloc(0);
      }
      lend();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: Object.assign(new URL(url), { port: String(port) }).href,
    async stop() {
      server.close();
      stream.destroy();
    },
  };
}
