/** Events a second, and how long each takes, with bodies of several sizes: Consignee beside what it could be replaced with. */
import { CONNECTIONS, contenders, load, logged, type Result, start, type Window } from './contenders.ts';
import { median } from './median.ts';

export interface ThroughputOptions {
  /** Kilobytes. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly window: Window;
  /** Names of contenders; all of them if left out. */
  readonly only: readonly string[] | undefined;
}

async function compare(sizeKb: number, { rounds, window, only }: ThroughputOptions) {
  const results = new Map<string, Result[]>();
  const chosen = contenders.filter(({ name }) => !only || only.includes(name));
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

export async function measureThroughput(options: ThroughputOptions) {
  const rows: Awaited<ReturnType<typeof compare>> = [];
  for (const size of options.sizes) rows.push(...(await compare(size, options)));
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
  process.stdout.write(`${CONNECTIONS} connections, medians of ${options.rounds} rounds\n`);
  for (const { name, says } of contenders) process.stdout.write(`  ${name.padEnd(10)} ${says}\n`);
  console.table(table);
  return rows;
}
