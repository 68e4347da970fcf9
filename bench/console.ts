/**
 * How long each page of the console takes with a million events stored and a month of tallies of ten sources, on SQLite and on
 * PostgreSQL: until it is there, and the processor's time of this process for it, which says more on a busy machine. A walk through events
 * without an index is not among them: it looks for two seconds, and says how far it has come.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { minuteOf, noTimes } from '../src/inbox/tallies.ts';
import { startConsole, type TestConsole } from '../test/harness/console.ts';
import { withCluster } from './cluster.ts';
import { newFolder } from './contenders.ts';
import { median } from './median.ts';
import { fillDatabase, fillFile } from './selection.ts';

const MONTH_MS = 29 * 86_400_000;
const MINUTE_MS = 60_000;
const ROUNDS = 7;
const SOURCES = 10;
const OUTCOMES = ['accepted', 'duplicate', 'hmac_mismatch'];
/** Beyond the second for which answers are shared. */
const REST_MS = 1_100;

const PATHS: Readonly<Record<string, string>> = {
  overview: '/',
  'charts of a day': '/charts',
  'charts of a month': '/charts?span=30d',
  'newest events': '/events',
  'dead events': '/events?state=dead',
  'events of a source': '/events?source=shippo',
  'by a key': '/events?q=1Z0000000000000777',
  'by their id': '/events?q=id-4711',
  'an event': '/events/:id',
  'before an action': '/events/confirm?verb=replay&scope=all&state=dead',
  'failures by cause': '/failures',
  'refused by cause': '/refused',
  handlers: '/handlers',
  sources: '/sources',
  'a source': '/sources/shippo',
  alarms: '/alarms',
  actions: '/actions',
  live: '/live',
  'live of a rare source': '/live?source=flatfile',
  about: '/about',
};

export async function measureConsole(events: number) {
  const stored = { events, begin: Date.now() - MONTH_MS - 120_000 };
  const folder = newFolder();
  const path = join(folder, 'inbox.db');
  fillFile(path, stored);
  const sqlite = await measureOn('SQLite', `sqlite:${path}`, events);
  rmSync(folder, { recursive: true });
  const postgres = await withCluster(async (cluster) => {
    const name = await cluster.create();
    await cluster.quickly(() => fillDatabase(cluster, name, stored));
    return await measureOn('PostgreSQL', cluster.url(name), events);
  });
  return { events, sqlite, postgres };
}

async function measureOn(name: string, database: string, events: number) {
  const console = await startConsole({ database });
  try {
    await fillTallies(console);
    await indexed(console);
    process.stdout.write(`\n${name}, ${events} events\n`);
    const rows: Record<string, { ms: number; processorMs: number }> = {};
    for (const [what, path] of Object.entries(PATHS)) {
      const row = await measurePage(console, await idFilled(console, path));
      const [ms, processorMs] = [row.ms, row.processorMs].map((one) => one.toFixed(1).padStart(8));
      process.stdout.write(`  ${what.padEnd(22)}${ms} ms, of which the processor worked ${processorMs} ms\n`);
      rows[what] = row;
    }
    return rows;
  } finally {
    await console.close();
  }
}

async function fillTallies({ inbox }: TestConsole): Promise<void> {
  const now = Date.now();
  const [minutes, hours] = [24 * 60, 30 * 24];
  const times = [
    ...Array.from({ length: minutes }, (_, at) => now - at * MINUTE_MS),
    ...Array.from({ length: hours }, (_, at) => now - at * 60 * MINUTE_MS),
  ];
  for (let at = 0; at < times.length; at += 10) {
    const tallies = times.slice(at, at + 10).flatMap((time) =>
      Array.from({ length: SOURCES }, (_, nth) => `source-${nth}`).flatMap((subject) =>
        OUTCOMES.map((outcome) => {
          const counted = { count: 7, times: noTimes().with(3, 7) };
          return { kind: 'request' as const, subject, outcome, minute: minuteOf(time), ...counted };
        }),
      ),
    );
    await inbox.noteCounts({ uses: [], tallies });
  }
}

/** What was filled in by SQL gets its search keys first. */
async function indexed({ url }: TestConsole): Promise<void> {
  for (;;) {
    const list = (await (await fetch(`${url}/events?key=none`)).json()) as { indexedTo: string | null };
    if (list.indexedTo === null) return;
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  }
}

async function idFilled({ url }: TestConsole, path: string): Promise<string> {
  if (!path.includes(':id')) return path;
  const list = (await (await fetch(`${url}/events?limit=1`)).json()) as { events: { id: string }[] };
  return path.replace(':id', String(list.events[0]?.id));
}

async function measurePage({ url }: TestConsole, path: string) {
  const took: number[] = [];
  const worked: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const [began, before] = [performance.now(), process.cpuUsage()];
    const answer = await fetch(`${url}${path}`, { headers: { Accept: 'text/html' } });
    await answer.text();
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    const { user, system } = process.cpuUsage(before);
    // The first one finds nothing compiled and nothing in the cache.
    if (round > 0) took.push(performance.now() - began);
    if (round > 0) worked.push((user + system) / 1_000);
  }
  return { ms: median(took), processorMs: median(worked) };
}
