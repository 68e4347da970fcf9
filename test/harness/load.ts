/** A service under load: events for two sources, and somebody who looks whether it is healthy and ready all the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { type Sender, type Sent, startSender } from './sender.ts';
import type { Service } from './service.ts';

const LOOK_MS = 25;
/** The process must answer this whatever its database does. Generous: tests run beside it. */
const HEALTH_MS = 1_000;
/** From the moment the database works again. */
const RECOVERED_MS = 5_000;

export interface Sight {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly ready: boolean;
  readonly healthy: boolean;
  readonly ms: number;
}

export interface Load {
  readonly sights: readonly Sight[];
  /** Everything that was answered so far. */
  sent(): Sent[];
  /** The answers to requests that begin from now on. */
  fromNow(): () => Sent[];
  /** Until events of both sources that are sent from now on are taken. */
  untilTaken(): Promise<void>;
  untilReady(is: boolean, waitMs?: number): Promise<void>;
  /** Ends with the last answer; answers with them all, by source. */
  stop(): Promise<Record<string, Sent[]>>;
}

export interface LoadOptions {
  /** For each source. */
  readonly perSecond?: number;
  readonly sources?: readonly string[];
}

/** No two loads of a test file send the same event. */
let numbers = 1;

export function startLoad(service: Pick<Service, 'url' | 'port'>, options: LoadOptions = {}): Load {
  const { perSecond = 30, sources = ['jobs', 'things'] } = options;
  const senders: [string, Sender][] = sources.map((source) => {
    return [source, startSender(service.port, perSecond, source, numbers)];
  });
  numbers += 1_000_000;
  const started = performance.now();
  const sights: Sight[] = [];
  let looking = true;
  const looked = look();

  async function look(): Promise<void> {
    while (looking) {
      const begun = performance.now();
      const healthy = (await ask('/healthz')) === 200;
      const ms = performance.now() - begun;
      sights.push({ at: begun - started, healthy, ms, ready: (await ask('/readyz')) === 200 });
      await sleep(LOOK_MS);
    }
  }

  async function ask(path: string): Promise<number> {
    const response = await fetch(service.url + path).catch(() => undefined);
    await response?.text().catch(() => {});
    return response?.status ?? 0;
  }

  const end = async () => {
    looking = false;
    await Promise.all([looked, ...senders.map(([, one]) => one.stop())]);
  };
  onTestFinished(end);
  const sent = () => senders.flatMap(([, one]) => one.sent);
  return {
    sights,
    sent,
    fromNow() {
      const now = new Date();
      return () => sent().filter(({ at }) => at > now);
    },
    async untilTaken() {
      const now = new Date();
      const taken = () => {
        return senders.every(([, one]) => one.sent.some(({ at, status }) => at > now && status === 200));
      };
      await expect.poll(taken, { timeout: RECOVERED_MS, interval: 20 }).toBe(true);
    },
    async untilReady(is, waitMs = RECOVERED_MS) {
      const from = sights.length;
      const seen = () => sights.slice(from).some(({ ready }) => ready === is);
      await expect.poll(seen, { timeout: waitMs, interval: 20 }).toBe(true);
    },
    async stop() {
      await end();
      expect(sights.filter(({ healthy, ms }) => !healthy || ms >= HEALTH_MS)).toEqual([]);
      return Object.fromEntries(senders.map(([source, one]) => [source, [...one.sent]]));
    },
  };
}
