/**
 * Which live secrets prove requests: gathered on the edge, shown in the metrics, and told to the inbox every few seconds, so
 * that it is known after a restart too which secret is still in use. What has not been told when the process is killed is
 * forgotten.
 */
import type { Inbox, SecretUse } from '../inbox/contract.ts';
import type { Proof } from '../verify/verifier.ts';
import type { MeterListener } from './meter.ts';

const TELL_MS = 5_000;

interface CountedUse extends Omit<SecretUse, 'count' | 'lastAt'> {
  count: number;
  /** So many of them the inbox knows. */
  told: number;
  lastAt: number;
}

export class SecretUses {
  readonly #uses = new Map<string, CountedUse>();

  readonly listener: MeterListener = {
    proof: (source, proof) => this.#note(source, proof, Date.now()),
  };

  #note(source: string, { scheme, secret, form = '' }: Proof, nowMs: number): void {
    if (secret === undefined) return;
    const key = `${source} ${scheme} ${secret} ${form}`;
    const use = this.#uses.get(key);
    if (!use) this.#uses.set(key, { source, scheme, secret, form, count: 1, told: 0, lastAt: nowMs });
    else {
      use.count++;
      use.lastAt = nowMs;
    }
  }

  all(): CountedUse[] {
    return [...this.#uses.values()];
  }

  /** Answers with a function that stops it, once the inbox knows all. */
  startTelling(inbox: Pick<Inbox, 'noteUses'>): () => Promise<void> {
    const tell = async () => {
      const news = this.all()
        .filter(({ count, told }) => count > told)
        .map((use) => ({ use, count: use.count - use.told }));
      for (const { use, count } of news) use.told += count;
      const uses = news.map(({ use: { told: _, ...rest }, count }): SecretUse => ({ ...rest, count }));
      if (uses.length === 0) return;
      await inbox.noteUses(uses).catch(() => {
        for (const { use, count } of news) use.told -= count;
      });
    };
    const timer = setInterval(tell, TELL_MS).unref();
    return async () => {
      clearInterval(timer);
      await tell();
    };
  }
}
