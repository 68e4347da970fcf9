/**
 * `npm run bench`: Consignee beside what it could be replaced with, on this machine.
 *
 *   npm run bench                    throughput and latency, 1, 10 and 100 kB bodies, 64 connections
 *   npm run bench -- stored          intake with millions of events stored, against an empty inbox
 *   npm run bench -- memory          resident memory over a million events
 *   npm run bench -- down            what a target that is down costs the others, and how its events drain
 *   npm run bench -- postgres        on PostgreSQL, one replica and two, beside SQLite; also at fixed rates
 *   npm run bench -- backlog         a million events waiting: how they drain, and what comes in meanwhile
 *   npm run bench -- replay          what comes in while 100,000 are replayed, at a fixed rate, on both databases
 *   npm run bench -- scale           20 million events of a month on PostgreSQL, with and without partitions: intake, and
 *                                    the purge of a day; wants 50 GB of free disk and an hour
 *   npm run bench -- selection       a million events stored: finding some of them, by an index and by a walk, in both databases
 *   npm run bench -- console         a million events stored: each page of the console, on both databases
 *   --rounds N  --seconds S  --sizes 1,10,100  --events N  --rates 1000,2000  --days N  --body-bytes N
 *
 * Load and servers are separate processes. Rounds are interleaved (every contender once per round), so that a machine
 * that changes its pace changes it for all; figures are medians over rounds. Prints a table and writes bench/results/.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBacklog } from './backlog.ts';
import { measureConsole } from './console.ts';
import { consignee, type Window } from './contenders.ts';
import { measureDown } from './down.ts';
import { measureMemory } from './memory.ts';
import { measurePostgres } from './postgres.ts';
import { Refusal } from './refusal.ts';
import { measureReplay } from './replay.ts';
import { measureScale } from './scale.ts';
import { measureSelection } from './selection.ts';
import { measureStored } from './stored.ts';
import { measureThroughput } from './throughput.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string', default: '4' },
    sizes: { type: 'string' },
    events: { type: 'string' },
    rates: { type: 'string', default: '1000,2000' },
    days: { type: 'string', default: '30' },
    'body-bytes': { type: 'string', default: '400' },
    only: { type: 'string' },
  },
});
const [what = 'throughput'] = positionals;
const listOf = (text: string) => text.split(',').map(Number);
const events = (usual: number) => Number(values.events ?? usual);
const rounds = Number(values.rounds ?? (what === 'backlog' || what === 'scale' ? 3 : 5));
const window: Window = [3_000, Number(values.seconds) * 1_000];
const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}`;

const benchmarks: Readonly<Record<string, () => Promise<unknown>>> = {
  throughput: () =>
    measureThroughput({
      sizes: listOf(values.sizes ?? '1,10,100'),
      rounds,
      window,
      only: values.only?.split(','),
    }),
  stored: () => measureStored(consignee, events(5_000_000), rounds, window),
  memory: () => measureMemory(consignee, events(1_000_000)),
  down: () => measureDown(events(100_000), rounds, window),
  postgres: () =>
    measurePostgres({ sizes: listOf(values.sizes ?? '1'), rates: listOf(values.rates), rounds, window }),
  backlog: () => measureBacklog({ events: events(1_000_000), rounds, window }),
  replay: () => measureReplay(events(100_000)),
  console: () => measureConsole(events(1_000_000)),
  selection: () => measureSelection(events(1_000_000)),
  scale: () =>
    measureScale({
      events: events(20_000_000),
      days: Number(values.days),
      bodyBytes: Number(values['body-bytes']),
      rounds,
      window,
    }),
};

function save(name: string, data: unknown): void {
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ machine, rounds, data }, null, 2)}\n`);
}

const measure = benchmarks[what];
if (measure) {
  process.stdout.write(`${machine}; measured for ${values.seconds} s each\n`);
  try {
    save(what, await measure());
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
} else process.stderr.write(`no benchmark ${what}: ${Object.keys(benchmarks).join(', ')}\n`);
