/**
 * A provider that sends at a steady rate over connections it keeps, never sends anything twice, and notes what became of
 * each request: the status of its answer, or the error of its socket.
 */
import { Agent, request } from 'node:http';
import { signature } from './deliver.ts';

const CONNECTIONS = 256;
const TICK_MS = 20;
const TIMEOUT_MS = 20_000;
/** Now and then a body that takes more than one packet. */
const LARGE_EVERY = 50;

export interface Sent {
  readonly number: number;
  readonly at: Date;
  readonly ms: number;
  /** 0: no answer. */
  readonly status: number;
  /** The id it was answered with, or what went wrong. */
  readonly said: string;
  readonly retryAfter: string | undefined;
}

export interface Sender {
  readonly sent: readonly Sent[];
  /** Ends with the last answer. */
  stop(): Promise<void>;
}

/** Sends to that source on that port, numbered from there on. */
export function startSender(port: number, perSecond: number, source = 'jobs', first = 1): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const started = performance.now();
  const sent: Sent[] = [];
  const under = new Set<Promise<void>>();
  let number = 0;
  const ticking = setInterval(() => {
    for (const due = ((performance.now() - started) * perSecond) / 1_000; number < due; ) {
      const one = send(first + number++).finally(() => under.delete(one));
      under.add(one);
    }
  }, TICK_MS);

  async function send(nth: number): Promise<void> {
    const at = new Date();
    const begun = performance.now();
    const answer = await post(port, agent, source, bodyOf(nth)).catch((error) => {
      return { status: 0, said: wordsOf(error), retryAfter: undefined };
    });
    sent.push({ number: nth, at, ms: Math.round(performance.now() - begun), ...answer });
  }

  return {
    sent,
    async stop() {
      clearInterval(ticking);
      await Promise.all(under);
      agent.destroy();
    },
  };
}

/** What was sent under that number. */
export function bodyOf(number: number): string {
  const fill = number % LARGE_EVERY === 0 ? 'x'.repeat(40_000) : '';
  return JSON.stringify({ id: `event-${number}`, number, type: '/shipment#created', fill });
}

function post(
  port: number,
  agent: Agent,
  source: string,
  body: string,
): Promise<Pick<Sent, 'status' | 'said' | 'retryAfter'>> {
  return new Promise((resolve, reject) => {
    const headers = {
      'X-Hub-Signature-256': signature(body),
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    const path = `/webhooks/${source}`;
    const options = { host: '127.0.0.1', port, path, method: 'POST', agent, headers };
    const sending = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', reject);
      response.on('end', () => {
        const retryAfter = response.headers['retry-after'];
        resolve({ status: response.statusCode ?? 0, said: idIn(text), retryAfter });
      });
    });
    sending.setTimeout(TIMEOUT_MS, () => sending.destroy(new Error('timed out')));
    sending.on('error', reject);
    sending.end(body);
  });
}

function idIn(text: string): string {
  try {
    return (JSON.parse(text) as { id: string }).id;
  } catch {
    return text;
  }
}

function wordsOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message;
}
