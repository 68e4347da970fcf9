/**
 * Which live secrets prove requests: gathered on the edge, shown in the metrics, and told to the inbox every few seconds, so
 * that it is known after a restart too which secret is still in use. What has not been told when the process is killed is
 * forgotten.
 */
import type { Inbox, SecretUse } from '../inbox/contract.ts';
import type { Proof } from '../verify/verifier.ts';
import type { MeterListener } from './meter.ts';

const TELL_MS = 5_000;

interface CountedUse {
  readonly source: string;
  readonly scheme: string;
  readonly secret: string;
  readonly form: string;
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

  /** Since the start of the service. */
  all(): readonly Readonly<CountedUse>[] {
    return [...this.#uses.values()];
  }

  /** Answers with a function that stops it, once the inbox knows all. */
  startTelling(inbox: Pick<Inbox, 'noteUses'>): () => Promise<void> {
    const tell = async () => {
      const news = this.#take();
      if (news.length > 0) await inbox.noteUses(news).catch(() => this.#giveBack(news));
    };
    const timer = setInterval(tell, TELL_MS).unref();
    return async () => {
      clearInterval(timer);
      await tell();
    };
  }

  /** The uses that the inbox does not know yet. */
  #take(): SecretUse[] {
    const news = [...this.#uses.values()].filter(({ count, told }) => count > told);
    return news.map((use) => {
      const { told, ...rest } = use;
      use.told = use.count;
      return { ...rest, count: use.count - told };
    });
  }

  #giveBack(uses: readonly SecretUse[]): void {
    for (const { source, scheme, secret, form, count } of uses) {
      const use = this.#uses.get(`${source} ${scheme} ${secret} ${form}`);
      if (use) use.told -= count;
    }
  }
}
