/**
 * Judges what the running service says of itself (serve/status.ts), and what is counted in the inbox: the alarms that are raised, whether
 * it takes events in, what waits, is dead or held, and what was refused in the last hour. That no service answers is no failure of
 * the configuration: `check` runs before the first start and in CI too. Then it is not known.
 */
import { ago } from '../../base/times.ts';
import { VERSION } from '../../base/version.ts';
import { counted } from '../../base/words.ts';
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import type { Config } from '../config/config.ts';
import { sourceNamed } from '../config/source.ts';
import type { HandlersStatus, ServiceStatus, SourceStatus } from '../status.ts';
import { type Finding, fail, notKnown, pass, warn } from './finding.ts';

export function serviceFindings(config: Config, status: ServiceStatus, now: number): Finding[] {
  return [
    ...runningFindings(status),
    ...alarmFindings(status),
    ...status.sources.filter(({ isOn }) => isOn).flatMap((source) => lastHourFindings(source, config)),
    ...workFindings(status, config.knobs.alarms.backlogAgeMs, now),
    ...unknownFindings(status),
  ];
}

function runningFindings({ service, unknown }: ServiceStatus): Finding[] {
  const subject = 'service';
  if (!service) {
    const { why = 'no service answers' } = unknown.find(({ what }) => what === subject) ?? {};
    return [
      notKnown(
        subject,
        `${/[.?]$/.test(why) ? why : `${why}.`} So nobody knows whether events are taken in, and which alarms are raised`,
      ),
    ];
  }
  const { version, isReady } = service;
  const other =
    version === VERSION
      ? []
      : [warn(subject, `it runs version ${version}, and this is ${VERSION}: restart it once it may be`)];
  if (isReady) return [pass(subject, `version ${version} answers, and takes events in`), ...other];
  const says = 'it takes no events in: every webhook is answered with 503, unless it is being stopped';
  const fix = 'Look at the disk of its inbox, or at its database; its log has the reason';
  return [fail(subject, `${says}. ${fix}`), ...other];
}

/** What is not known for one reason is one line. The disk is judged by the command itself. */
function unknownFindings({ unknown }: ServiceStatus): Finding[] {
  const others = unknown.filter(({ what }) => what !== 'service' && what !== 'disk');
  return [...Map.groupBy(others, ({ why }) => why)].map(([why, its]) =>
    notKnown(its.map(({ what }) => what).join(', '), why),
  );
}

function alarmFindings({ alarms }: ServiceStatus): Finding[] {
  if (alarms === null) return [];
  if (alarms.length === 0) return [pass('alarms', 'none is raised')];
  return alarms.map(({ kind, says, fix }) => fail(`alarm ${kind}`, `${says}. ${fix}`));
}

/** With fewer than that, what was refused may have been anybody’s. */
const REFUSED_LEAST = 3;

/** Failed, if nothing of the source was taken while it was tried again and again. */
function lastHourFindings({ source, lastHour }: SourceStatus, config: Config): Finding[] {
  const subject = `${source} last hour`;
  if (lastHour === null) return [];
  const { taken, refused } = lastHour;
  const codes = Object.entries(refused).sort(([, one], [, other]) => other - one);
  const sum = codes.reduce((all, [, count]) => all + count, 0);
  const [most] = codes;
  if (most === undefined) {
    if (taken === 0) return [notKnown(subject, 'nothing has come')];
    return [pass(subject, `${counted(taken, 'request')} taken in, none refused`)];
  }
  const [code] = most;
  const named = codes.map(([one, count]) => `${count} ${one}`).join(', ');
  const says = `of ${counted(taken + sum, 'request')} ${taken === 0 ? 'all' : sum} were not taken in (${named})`;
  const fix = `${refusalOf(code).asks} ${fixFor(code, sourceNamed(source, config))}`;
  return [(taken === 0 && sum >= REFUSED_LEAST ? fail : warn)(subject, `${says}: ${fix}`)];
}

function workFindings({ handlers, service }: ServiceStatus, oldMs: number, now: number): Finding[] {
  if (!handlers) return [];
  const { dead, held, resting } = handlers;
  return [
    backlogFinding(handlers, oldMs, now),
    countFinding('dead', dead, 'with all attempts spent'),
    countFinding('held', held, 'waiting for a person'),
    ...(resting === null || service === null
      ? []
      : resting.map((handler) =>
          warn('resting', `${handler} gets nothing, since what it delivers to is down`),
        )),
  ];
}

function backlogFinding({ pending, oldestPendingAt }: HandlersStatus, oldMs: number, now: number): Finding {
  const subject = 'backlog';
  if (oldestPendingAt === null) return pass(subject, 'nothing waits');
  const since = Date.parse(oldestPendingAt);
  const says = `${counted(pending, 'delivery', 'deliveries')} waiting, the oldest event came ${ago(since, now)}`;
  if (now - since < oldMs) return pass(subject, says);
  return warn(subject, `${says}: \`events list --state pending\` names them`);
}

function countFinding(subject: 'dead' | 'held', count: number, what: string): Finding {
  if (count === 0) return pass(subject, 'none');
  const fix = `\`events list --state ${subject}\` names them; replay or discard them`;
  return warn(subject, `${counted(count, 'delivery', 'deliveries')} ${what}: ${fix}`);
}
