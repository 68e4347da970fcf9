/** A service under load: events for two sources, and somebody who looks whether it is healthy and ready all the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { type Sender, type Sent, startSender } from './sender.ts';
import type { Service } from './service.ts';

const LOOK_MS = 100;
/** What never comes takes so long, and nothing else: a busy machine may need several times what a quiet one does. */
const COMES_WITHIN_MS = 30_000;

export interface Sight {
  readonly ready: boolean;
  readonly healthy: boolean;
}

export interface Load {
  readonly sights: readonly Sight[];
  /** Everything that was answered so far. */
  sent(): Sent[];
  /** The answers to requests that begin from now on. */
  fromNow(): () => Sent[];
  /** The first so many answers to requests that begin from now on. */
  next(count: number): Promise<Sent[]>;
  /** Until events of both sources that are sent from now on are taken. */
  untilTaken(): Promise<void>;
  /** Each look asks for health first: who sees readiness change while the database hangs has an answer to that too. */
  untilReady(is: boolean): Promise<void>;
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
  const { perSecond = 20, sources = ['jobs', 'things'] } = options;
  const senders: [string, Sender][] = sources.map((source) => {
    return [source, startSender(service.port, perSecond, source, numbers)];
  });
  numbers += 1_000_000;
  const sights: Sight[] = [];
  let looking = true;
  const looked = look();

  async function look(): Promise<void> {
    while (looking) {
      const healthy = (await ask('/healthz')) === 200;
      sights.push({ healthy, ready: (await ask('/readyz')) === 200 });
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
  const fromNow = () => {
    const now = new Date();
    return () => sent().filter(({ at }) => at > now);
  };
  return {
    sights,
    sent,
    fromNow,
    async next(count) {
      const answers = fromNow();
      await expect
        .poll(() => answers().length, { timeout: COMES_WITHIN_MS, interval: 50 })
        .toBeGreaterThanOrEqual(count);
      return answers();
    },
    async untilTaken() {
      const now = new Date();
      const taken = () => {
        return senders.every(([, one]) => one.sent.some(({ at, status }) => at > now && status === 200));
      };
      await expect.poll(taken, { timeout: COMES_WITHIN_MS, interval: 50 }).toBe(true);
    },
    async untilReady(is) {
      const from = sights.length;
      const seen = () => sights.slice(from).some(({ ready }) => ready === is);
      await expect.poll(seen, { timeout: COMES_WITHIN_MS, interval: 50 }).toBe(true);
    },
    async stop() {
      await end();
      expect(sights.filter(({ healthy }) => !healthy)).toEqual([]);
      return Object.fromEntries(senders.map(([source, one]) => [source, [...one.sent]]));
    },
  };
}
