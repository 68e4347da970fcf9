/**
 * The alarms `lost` and `observed`: what a provider sends is refused with an answer after which it is neither kept here nor, as
 * most do, sent again; and what would be so if a check that is only observed were enforced.
 *
 * A request with a right secret is the provider's: one is enough. What has only its form may be anybody's: it takes twenty.
 */
import { DAY_MS, HOUR_MS } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import type { AlarmFinding } from '../../inbox/kept-alarms.ts';
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import { providerFate } from '../../verify/retries.ts';
import { type AlarmRule, clockTimeOf, durationOf, type Look, type WatchedSource } from './alarm.ts';
import { type CodeFailures, countOf, mostOf, sendersIn } from './failures.ts';
import type { Tally } from './tally.ts';

/** So many times the usual time between two of them without one, and they have ended. */
const GAPS = 5;

export const lostAlarm: AlarmRule = {
  kind: 'lost',
  about: ['source'],
  needs: 'requests',
  find: (look) =>
    look.wired.flatMap((source) => {
      const tally = look.tallyOf(source.name);
      forgetEnded(tally, look);
      const lost = [...tally.lost].filter(([, failures]) => isEnough(failures, look));
      return lost.length === 0 ? [] : [lostFinding(source, lost, look)];
    }),
  /** What is lost now and then may take a while to show again after a restart. */
  isOpen: ({ since }, { listeningSince, now }) => since < listeningSince && now - listeningSince < HOUR_MS,
};

function isEnough({ proven, count }: CodeFailures, { knobs }: Look): boolean {
  return proven > 0 || count >= knobs.failuresInRow;
}

/** None has come for much longer than between two of them, while others were taken; or none for a day. */
function forgetEnded(tally: Tally, { knobs, now }: Look): void {
  for (const [code, { count, firstAt, lastAt }] of tally.lost) {
    const gapMs = count > 1 ? (lastAt - firstAt) / (count - 1) : DAY_MS;
    const restMs = Math.min(DAY_MS, Math.max(knobs.windowMs, GAPS * gapMs));
    const othersPass = (tally.lastTakenAt ?? 0) > lastAt;
    if (now - lastAt > (othersPass ? restMs : DAY_MS)) tally.lost.delete(code);
  }
}

function lostFinding(
  source: WatchedSource,
  lost: readonly (readonly [string, CodeFailures])[],
  { now }: Look,
): AlarmFinding {
  const { name, preset } = source;
  const since = Math.min(...lost.map(([, { firstAt }]) => firstAt));
  const said = lost.map(([code, failures]) => {
    const { says, status } = refusalOf(code);
    const fate = providerFate(preset, status, durationOf);
    return `${whatCame(failures, preset.title)} since ${clockTimeOf(failures.firstAt, now)} from ${sendersIn(failures.addresses)}: ${says}; not kept, and ${fate}`;
  });
  return {
    subject: name,
    says: `${name}: ${said.join('. ')}`,
    fix: lost.map(([code]) => lostFix(code, source)).join(' '),
    since,
  };
}

function whatCame({ count, proven }: CodeFailures, title: string): string {
  const were = count === 1 ? 'was' : 'were';
  const refused = `${counted(count, 'request')} ${were} refused`;
  if (proven === count) return `${refused}, with a right secret,`;
  const ofForm = `with a signature of ${title}’s form, which anybody can write,`;
  return proven > 0 ? `${refused}, ${proven} of them with a right secret,` : `${refused}, ${ofForm}`;
}

function lostFix(code: string, source: WatchedSource): string {
  const resend = `Then ask ${source.preset.title} to send again what it can: its own webhook page says which failed.`;
  if (code !== 'not_found') return `${fixFor(code, source)} ${resend}`;
  if (source.schemes.length === 0)
    return `${source.name} is off: set ${source.prefix}_WEBHOOK_SECRET, and \`consignee check\` says that it is on. ${resend}`;
  return `Write the URL at ${source.preset.title} so that it ends in ${source.path}, letter for letter; \`path\` in the log says what it asked for. ${resend}`;
}

/** A check that is only observed was passed before, and would have refused the last events of a sender, all of them. */
export const observedAlarm: AlarmRule = {
  kind: 'observed',
  about: ['source'],
  needs: 'requests',
  find: (look) =>
    look.sources.flatMap((source) => {
      const { observed, passed } = look.tallyOf(source.name);
      const senders = [...observed].flatMap(([key, byCode]) => {
        const [scheme = '', address = ''] = key.split(' ');
        const [code] = mostOf(byCode) ?? [];
        const count = countOf(byCode);
        const isEnoughOf = passed.has(scheme) && count >= look.knobs.failuresInRow;
        return code !== undefined && isEnoughOf ? [{ scheme, address, code, count }] : [];
      });
      return senders.length === 0 ? [] : [wouldRefuseFinding(source, senders)];
    }),
  isOpen: ({ since }, { listeningSince, now }) => since < listeningSince && now - listeningSince < HOUR_MS,
};

interface ObservedSender {
  readonly scheme: string;
  readonly address: string;
  readonly code: string;
  readonly count: number;
}

function wouldRefuseFinding(source: WatchedSource, senders: readonly ObservedSender[]): AlarmFinding {
  const [{ scheme, code }] = senders as [ObservedSender];
  const alike = senders.filter((one) => one.code === code);
  const addresses = new Map(alike.map(({ address, count }) => [address, count]));
  const total = alike.reduce((sum, { count }) => sum + count, 0);
  const says = `${source.name}: ${scheme} is only observed, and would have refused the last ${counted(total, 'event')} from ${sendersIn(addresses)}: ${refusalOf(code).says}`;
  const fix = `They are genuine by the checks that are enforced. Before you take ${scheme} out of ${source.prefix}_OBSERVE: ${fixFor(code, source)}`;
  return { subject: source.name, says, fix };
}
