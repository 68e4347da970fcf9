/** What the page About shows: what runs here, and a text for a report that has no secret and no name of a machine in it. */
import { hostname, release } from 'node:os';
import { VERSION } from '../../base/version.ts';
import { counted } from '../../base/words.ts';
import { driverOf } from '../../inbox/driver.ts';
import type { Config } from '../config/config.ts';
import type { ServiceStatus } from '../status.ts';
import type { PageRequest, PageSource } from './page.ts';

export interface AboutFacts {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly machine: string;
  readonly startedAt: string | null;
  readonly role: string | null;
  readonly inbox: string | null;
  readonly place: string | null;
  readonly isShared: boolean;
  readonly disk: ServiceStatus['disk'];
  readonly replicas: readonly { readonly name: string; readonly heartbeats: number }[] | null;
  readonly retentionDays: number;
  readonly identityDays: number;
  readonly refusedDays: number;
  readonly report: string;
}

export async function readAbout(
  { status, reading, config }: PageSource,
  _asked: PageRequest,
): Promise<AboutFacts> {
  const [told, replicas] = await Promise.all([status(), reading.ask('replicas').catch(() => undefined)]);
  const settings = config();
  const { knobs, database, retentionDays } = settings;
  const { isShared } = driverOf(database);
  const facts = {
    version: VERSION,
    node: process.version,
    platform: `${process.platform} ${process.arch}, ${release()}`,
    isShared,
    replicas: replicas?.map(({ name, beat }) => ({ name, heartbeats: beat })) ?? null,
  };
  return {
    ...facts,
    machine: hostname(),
    startedAt: told.service?.startedAt ?? null,
    role: told.service?.role ?? null,
    inbox: told.inbox,
    place: told.service?.place ?? null,
    disk: told.disk,
    retentionDays,
    identityDays: knobs.identityDays,
    refusedDays: knobs.refused.days,
    report: reportOf(facts, told, settings),
  };
}

function reportOf(
  {
    version,
    node,
    platform,
    isShared,
    replicas,
  }: Pick<AboutFacts, 'version' | 'node' | 'platform' | 'isShared' | 'replicas'>,
  { service, alarms, handlers, unknown }: ServiceStatus,
  { sources, retentionDays, production, knobs }: Config,
): string {
  const said = sources.map(({ name, preset, schemes, observed, routes }) => {
    const checks = schemes.map((scheme) => (observed.includes(scheme) ? `${scheme} (observed)` : scheme));
    const preseted = preset.name === name ? '' : ` of ${preset.name}`;
    return `  ${name}${preseted}: ${checks.join(', ') || 'off'}; ${counted(routes.length, 'handler')}`;
  });
  const waiting = handlers
    ? `${handlers.pending} pending, ${handlers.handling} handling, ${handlers.dead} dead, ${handlers.held} held`
    : 'not known';
  return [
    `Consignee ${version}, Node ${node}, ${platform}`,
    `role ${service?.role ?? 'not known'}, ${production ? 'production' : 'development'}, started ${service?.startedAt ?? '–'}`,
    `inbox ${isShared ? `in PostgreSQL, ${replicas?.length ?? '?'} replicas` : 'in SQLite'}, ${retentionDays} days of events, ${knobs.identityDays} days of keys`,
    `deliveries: ${waiting}; resting ${handlers?.resting?.length ?? '?'}, paused ${handlers?.paused?.length ?? '?'}`,
    `alarms: ${alarms?.map(({ kind }) => kind).join(', ') || 'none'}`,
    ...(unknown.length > 0 ? [`not known: ${unknown.map(({ what }) => what).join(', ')}`] : []),
    'sources:',
    ...said,
  ].join('\n');
}
