/**
 * `npm run bench`: Consignee beside what it could be replaced with, on this machine.
 *
 *   npm run bench                    throughput and latency, 1, 10 and 100 kB bodies, 64 connections
 *   npm run bench -- stored          intake with millions of events stored, against an empty inbox
 *   npm run bench -- memory          resident memory over a million events
 *   npm run bench -- down            what a target that is down costs the others, and how its events drain
 *   --rounds N  --seconds S  --sizes 1,10,100  --events N
 *
 * Load and servers are separate processes. Rounds are interleaved (every contender once per round), so that a machine
 * that changes its pace changes it for all; figures are medians over rounds. Prints a table and writes bench/results/.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONNECTIONS, consignee, contenders, load, logged, type Result, start } from './contenders.ts';
import { measureDown } from './down.ts';
import { median } from './median.ts';
import { measureMemory } from './memory.ts';
import { measureStored } from './stored.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    sizes: { type: 'string', default: '1,10,100' },
    events: { type: 'string' },
    only: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const window: [number, number] = [3_000, Number(values.seconds) * 1_000];
const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}`;

async function compare(sizeKb: number) {
  const results = new Map<string, Result[]>();
  const chosen = contenders.filter(({ name }) => !values.only || values.only.split(',').includes(name));
  for (let round = 0; round < rounds; round++) {
    for (const contender of chosen) {
      const running = await start(contender);
      const result = await load(running, contender, sizeKb * 1_000, window);
      await running.stop();
      results.set(contender.name, [...(results.get(contender.name) ?? []), result]);
      process.stderr.write(
        `${sizeKb} kB  round ${round + 1}  ${contender.name}  ${Math.round(result.perSecond)}/s\n`,
      );
    }
  }
  return chosen.map(({ name, says }) => {
    const runs = results.get(name) ?? [];
    const of = (pick: (result: Result) => number) => median(runs.map(pick));
    const refused = runs.reduce((sum, run) => sum + run.refused, 0);
    return {
      sizeKb,
      name,
      says,
      perSecond: of((r) => r.perSecond),
      cpuMicrosPerEvent: of((r) => r.cpuMicrosPerEvent),
      p50: of((r) => r.p50),
      p99: of((r) => r.p99),
      refused,
    };
  });
}

async function throughput(): Promise<void> {
  const rows: Awaited<ReturnType<typeof compare>> = [];
  for (const size of values.sizes.split(',').map(Number)) rows.push(...(await compare(size)));
  const ratio = (row: (typeof rows)[number], pick: 'perSecond' | 'p99') => {
    const base = rows.find(({ sizeKb, name }) => sizeKb === row.sizeKb && name === logged.name);
    return base ? (row[pick] / base[pick]).toFixed(2) : '-';
  };
  const table = rows.map((row) => ({
    body: `${row.sizeKb} kB`,
    server: row.name,
    'events/s': Math.round(row.perSecond),
    'of (b)': ratio(row, 'perSecond'),
    'CPU µs/event': Math.round(row.cpuMicrosPerEvent),
    'p50 ms': row.p50.toFixed(1),
    'p99 ms': row.p99.toFixed(1),
    'p99 of (b)': ratio(row, 'p99'),
    'not 200': row.refused,
  }));
  process.stdout.write(
    `${machine}, ${CONNECTIONS} connections, medians of ${rounds} rounds of ${values.seconds} s\n`,
  );
  for (const { name, says } of contenders) process.stdout.write(`  ${name.padEnd(10)} ${says}\n`);
  console.table(table);
  save('throughput', rows);
}

function save(name: string, data: unknown): void {
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ machine, rounds, data }, null, 2)}\n`);
}

const [what = 'throughput'] = positionals;
if (what === 'throughput') await throughput();
else if (what === 'stored')
  save(what, await measureStored(consignee, Number(values.events ?? 5_000_000), rounds, window));
else if (what === 'memory') save(what, await measureMemory(consignee, Number(values.events ?? 1_000_000)));
else if (what === 'down') save(what, await measureDown(Number(values.events ?? 100_000), rounds, window));
else process.stderr.write(`no benchmark ${what}: throughput, stored, memory, down\n`);
