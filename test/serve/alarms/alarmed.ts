/** The service with a watch in a hurry, and what tests of alarms ask of it. */
import { join } from 'node:path';
import type { ServiceKnobs } from 'consignee';
import type { Line } from '../../harness/command.ts';
import { numberOf } from '../../harness/deliver.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService, ServiceOptions } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';

type AlarmKnobs = NonNullable<ServiceKnobs['alarms']>;

const CONFIG = join(import.meta.dirname, '../../fixtures/alarms');
const SECRETS = Object.fromEntries(
  ['FLINTN', 'SHIPPO', 'JOBS', 'FAR'].map((source) => [`${source}_WEBHOOK_SECRET`, SECRET]),
);

/** The watch looks all the time. */
const ALARMS: AlarmKnobs = { lookMs: 100, calmMs: 200, windowMs: 2_000, backlogAgeMs: 600, diskFreeMb: 0 };
const KNOBS = {
  circuit: { failures: 2, restMs: 200, restMaxMs: 400 },
  backoff: { baseMs: 20, capMs: 40 },
  handler: { maxAttempts: 1_000 },
  shutdownGraceMs: 1_000,
};

/** `off`: the prefix of a source without a secret. */
export function alarmed(alarms: AlarmKnobs = {}, options: ServiceOptions = {}, off = ''): ServiceOptions {
  const { [`${off}_WEBHOOK_SECRET`]: _, ...secrets } = SECRETS;
  const knobs = { ...KNOBS, ...options.knobs, alarms: { ...ALARMS, ...alarms } };
  return { writesWhereItRuns: true, ...options, config: CONFIG, knobs, env: { ...secrets, ...options.env } };
}

/** The log's lines about alarms of a kind, in order. */
export function alarmLines(service: RunningService, kind?: string): Line[] {
  return service.lines().filter(({ alarm }) => alarm !== undefined && (kind === undefined || alarm === kind));
}

export function raised(service: RunningService, kind: string): Promise<Line> {
  return service.line(({ alarm, level }) => alarm === kind && level === 'error', 20_000);
}

export function over(service: RunningService, kind: string): Promise<Line> {
  return service.line(({ alarm, level }) => alarm === kind && level === 'info', 20_000);
}

export async function metricLines(service: RunningService): Promise<string[]> {
  const text = await (await fetch(`http://127.0.0.1:${service.consolePort}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith('consignee_alarm{') && !line.endsWith(' 0'));
}

export async function send(
  service: RunningService,
  source: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<number> {
  const response = await fetch(`${service.url}/webhooks/${source}`, { method: 'POST', headers, body });
  await response.text();
  return response.status;
}

/** As `events discard` does. */
export async function discard(service: RunningService, id: string): Promise<void> {
  const [row] = service.sql<{ value: string }>("SELECT value FROM meta WHERE key = 'inbox'");
  const order = { inbox: row?.value, action: 'discard', event: numberOf(id) };
  const answer = await fetch(`http://127.0.0.1:${service.consolePort}/orders`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(order),
  });
  if (answer.status !== 200) throw new Error(await answer.text());
}

/** Several looks. */
export async function looks(service: RunningService, ms = 600): Promise<void> {
  const end = performance.now() + ms;
  await waitFor(() => performance.now() > end, ms + 5_000, service.output);
}
