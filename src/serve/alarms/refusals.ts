/**
 * Refusals: too large a part of a source's requests was turned away as unproven or from outside (401, 403) within the
 * last minutes. Anyone can send what is refused, so the words say whether anything still passes.
 */
import { REFUSALS, type RefusalCode } from '../../verify/refusals.ts';
import type { AlarmKnobs } from '../config/knobs.ts';
import type { Finding, WatchedSource } from './alarm.ts';
import type { Counts, Tally } from './tally.ts';
import { clockTimeOf, durationOf } from './times.ts';

interface Advice {
  readonly codes: RegExp;
  /** The likely cause, as a question. */
  readonly asks: string;
  readonly fix: (source: WatchedSource, code: string) => string;
}

const SECRETS: Readonly<Record<string, string>> = {
  hmac: 'WEBHOOK_SECRET',
  token: 'WEBHOOK_TOKEN',
  jwt: 'JWT_SECRET',
};

/** The first that fits counts. */
const ADVICE: readonly Advice[] = [
  {
    codes: /_mismatch$/,
    asks: 'was the secret rotated?',
    fix({ name, prefix }, code) {
      const setting = `${prefix}_${SECRETS[code.replace('_mismatch', '')]}`;
      return `Put what ${name} uses now into ${setting} and the one before it into ${setting}_PREVIOUS, or both into its file; what was refused is then judged again.`;
    },
  },
  {
    codes: /_missing$/,
    asks: 'has the sender stopped proving itself, or does a proxy take it away?',
    fix: ({ name }) => `Compare what ${name} is set up to send with what \`check\` says is verified.`,
  },
  {
    codes: /_time(stamp)?$/,
    asks: 'is the clock of this machine right?',
    fix: () => 'Let it follow a time server: `timedatectl` says whether it does.',
  },
  {
    codes: /^ip_/,
    asks: 'has the sender new addresses, or has a proxy?',
    fix: ({ prefix }) =>
      `Compare ${prefix}_ALLOW_FROM with the addresses in the log, and TRUST_PROXY with your proxies.`,
  },
  {
    codes: /^https_/,
    asks: 'does the proxy say how requests came in?',
    fix: () => 'It must set X-Forwarded-Proto, and its address must be in TRUST_PROXY.',
  },
  {
    codes: /./,
    asks: 'has the sender changed how it proves itself?',
    fix: ({ name }) =>
      `\`events refused list --source ${name}\` says what came; the code is in docs/refusals.md.`,
  },
];

interface Bucket extends Counts {
  readonly at: number;
}

export class Refusals {
  readonly #knobs: AlarmKnobs;
  /** By source: what each look found, as far back as the window goes. */
  readonly #buckets = new Map<string, Bucket[]>();

  constructor(knobs: AlarmKnobs) {
    this.#knobs = knobs;
  }

  findings(sources: readonly WatchedSource[], tallyOf: (source: string) => Tally, now: number): Finding[] {
    return sources.flatMap((source) => {
      const tally = tallyOf(source.name);
      const buckets = [...(this.#buckets.get(source.name) ?? []), { ...tally.takeCounts(), at: now }];
      const inside = buckets.filter(({ at, taken, refused }) => {
        return at > now - this.#knobs.windowMs && (taken > 0 || refused.size > 0);
      });
      this.#buckets.set(source.name, inside);
      return this.#judge(source, inside, tally.refusedSince, now);
    });
  }

  #judge(
    source: WatchedSource,
    buckets: readonly Bucket[],
    since: number | undefined,
    now: number,
  ): Finding[] {
    const { windowMs, refusalsLeast, refusalRatio } = this.#knobs;
    const { taken, refused } = sumOf(buckets);
    const count = [...refused.values()].reduce((sum, one) => sum + one, 0);
    if (count < refusalsLeast || count / (taken + count) < refusalRatio) return [];
    const [code] = [...refused].reduce((most, one) => (one[1] > most[1] ? one : most));
    const { asks, fix } = ADVICE.find(({ codes }) => codes.test(code)) as Advice;
    const share = `${count} of ${taken + count} requests in ${durationOf(windowMs)}`;
    const [when, question] =
      since === undefined
        ? ['while others pass', 'does one of several senders differ, or is somebody trying?']
        : [`all since ${clockTimeOf(since, now)}`, asks];
    const says = `${source.name}: ${REFUSALS[code as RefusalCode].says}; ${share}, ${when}: ${question}`;
    return [{ subject: source.name, says, fix: fix(source, code), ...(since !== undefined && { since }) }];
  }
}

function sumOf(buckets: readonly Bucket[]): Counts {
  const sum: Counts = { taken: 0, refused: new Map() };
  for (const { taken, refused } of buckets) {
    sum.taken += taken;
    for (const [code, count] of refused) sum.refused.set(code, (sum.refused.get(code) ?? 0) + count);
  }
  return sum;
}
