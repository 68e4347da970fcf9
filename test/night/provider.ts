/**
 * A provider as the service knows it: sends at a steady rate, signs each try anew, waits so long for an answer, tries again as
 * its pages say, gives up in the end, and notes all of it. What it has given up is lost, unless the inbox has it.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { type SourceName, signedHeaders } from './signing.ts';

interface Habits {
  /** It waits so long for an answer. */
  readonly patienceMs: number;
  /** The waits before each further try. */
  readonly retriesMs: readonly number[];
  /** Whether it tries again after that status; 0 is no answer. */
  readonly isRetried: (status: number) => boolean;
  readonly isTaken: (status: number) => boolean;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const isSuccess = (status: number) => status >= 200 && status < 300;
/** What a receiver says of itself, and silence. */
const isTrouble = (status: number) => status === 0 || status === 408 || status === 429 || status >= 500;

/** Where its pages say nothing, what most do is taken: of Flexport, how long it waits and how often it tries. */
export const HABITS: Readonly<Record<SourceName, Habits>> = {
  flexport: {
    patienceMs: 10 * SECOND,
    retriesMs: [MINUTE, 10 * MINUTE, 60 * MINUTE],
    isRetried: (status) => status !== 200,
    isTaken: (status) => status === 200,
  },
  shippo: {
    patienceMs: 3 * SECOND,
    retriesMs: [10 * SECOND, 10 * SECOND],
    isRetried: isTrouble,
    isTaken: isSuccess,
  },
  flintn: {
    patienceMs: 30 * SECOND,
    retriesMs: [5 * MINUTE, 30 * MINUTE, 120 * MINUTE, 1_440 * MINUTE],
    isRetried: isTrouble,
    isTaken: isSuccess,
  },
  flatfile: {
    patienceMs: 30 * SECOND,
    retriesMs: [],
    isRetried: () => false,
    isTaken: (status) => status === 200,
  },
};

export interface Sent {
  readonly source: SourceName;
  readonly body: string;
  readonly at: number;
  /** Of each try. */
  readonly statuses: number[];
  readonly ms: number[];
  state: 'under way' | 'taken' | 'waiting' | 'given up';
}

export interface ProviderOptions {
  readonly port: number;
  readonly source: SourceName;
  readonly perSecond: number;
  readonly secret: string;
  /** For the path's query, without the question mark. */
  readonly query?: string;
  /** Which address the proxy before us is to tell. */
  readonly address?: string;
  /** Not the provider at all: what it sends is to be refused, and no loss. */
  readonly isForger?: boolean;
}

export class Provider {
  readonly sent: Sent[] = [];
  /** May change at any time, as at a provider. */
  secret: string;
  address: string | undefined;
  readonly isForger: boolean;
  readonly #options: ProviderOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #under = new Set<Promise<void>>();
  readonly #waits = new Map<Sent, NodeJS.Timeout>();
  #ticking: NodeJS.Timeout | undefined;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.secret = options.secret;
    this.address = options.address;
    this.isForger = options.isForger ?? false;
  }

  start(): this {
    const { perSecond } = this.#options;
    const begun = performance.now();
    let count = 0;
    this.#ticking = setInterval(() => {
      for (const due = ((performance.now() - begun) * perSecond) / 1_000; count < due; count++) this.send();
    }, 20);
    return this;
  }

  send(): Sent {
    const { source } = this.#options;
    const one: Sent = {
      source,
      body: bodyOf(source),
      at: Date.now(),
      statuses: [],
      ms: [],
      state: 'under way',
    };
    this.sent.push(one);
    this.#try(one);
    return one;
  }

  /** Sends nothing new, and comes to an end with the rest: what would be tried later is tried now, as often as it would be. */
  async finish(): Promise<void> {
    clearInterval(this.#ticking);
    await Promise.all(this.#under);
    while (this.#waits.size > 0) {
      for (const [one, timer] of this.#waits) {
        clearTimeout(timer);
        this.#waits.delete(one);
        this.#try(one);
      }
      await Promise.all(this.#under);
    }
    this.#agent.destroy();
  }

  #try(one: Sent): void {
    const trying = this.#post(one).finally(() => this.#under.delete(trying));
    this.#under.add(trying);
  }

  async #post(one: Sent): Promise<void> {
    const { source } = this.#options;
    const { isTaken, isRetried, retriesMs } = HABITS[source];
    const begun = performance.now();
    const status = await this.#ask(one).catch(() => 0);
    one.ms.push(performance.now() - begun);
    one.statuses.push(status);
    const waitMs = retriesMs[one.statuses.length - 1];
    if (isTaken(status)) one.state = 'taken';
    else if (waitMs === undefined || !isRetried(status)) one.state = 'given up';
    else {
      one.state = 'waiting';
      const timer = setTimeout(() => {
        this.#waits.delete(one);
        this.#try(one);
      }, waitMs);
      this.#waits.set(one, timer);
    }
  }

  #ask({ source, body }: Sent): Promise<number> {
    const { port, query } = this.#options;
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      ...(this.address !== undefined && { 'X-Forwarded-For': this.address }),
      ...signedHeaders(source, this.secret, body, Date.now()),
    };
    const path = `/webhooks/${source}${query === undefined ? '' : `?${query}`}`;
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, method: 'POST', agent: this.#agent, headers };
      const sending = request(options, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      });
      sending.setTimeout(HABITS[source].patienceMs, () => sending.destroy(new Error('no answer')));
      sending.on('error', reject);
      sending.end(body);
    });
  }
}

let last = 0;

function bodyOf(source: SourceName): string {
  const id = randomUUID();
  last = (last + 1) % 1_000;
  const nth = Date.now() * 1_000 + last;
  return JSON.stringify(
    {
      flexport: { _object: '/event', id: nth, version: 2, type: '/shipment#created', data: { note: id } },
      shippo: { event: 'track_updated', test: false, data: { carrier: 'usps', tracking_number: id } },
      flintn: {
        event_type: 'TRANSACTION_SETTLED',
        event_id: id,
        timestamp: '2026-11-26T00:00:00Z',
        version: '1.0',
      },
      flatfile: { src: { id: `us_evt_${id}`, topic: 'records:updated', payload: {} } },
    }[source],
  );
}
