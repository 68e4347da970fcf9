/**
 * Which live secrets prove requests: gathered on the edge, shown in the metrics, and told to the inbox now and then, so that
 * it is known after a restart too which secret is still in use. What has not been told when the process is killed is
 * forgotten.
 */

import type { SecretUse } from '../inbox/contract.ts';
import type { Proof } from '../verify/verifier.ts';

interface Use {
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
  readonly #uses = new Map<string, Use>();

  note(source: string, { scheme, secret, form = '' }: Proof, nowMs: number): void {
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
  all(): readonly Readonly<Use>[] {
    return [...this.#uses.values()];
  }

  /** What the inbox does not know yet; it does from now on, unless `untell` says otherwise. */
  tell(): SecretUse[] {
    const news = [...this.#uses.values()].filter(({ count, told }) => count > told);
    return news.map((use) => {
      const { told, ...rest } = use;
      use.told = use.count;
      return { ...rest, count: use.count - told };
    });
  }

  untell(uses: readonly SecretUse[]): void {
    for (const { source, scheme, secret, form, count } of uses) {
      const use = this.#uses.get(`${source} ${scheme} ${secret} ${form}`);
      if (use) use.told -= count;
    }
  }
}
