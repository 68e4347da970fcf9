/**
 * `npm run night`: plays what goes wrong at night against the real service, with providers that sign and try again by
 * themselves, and prints what was lost, whether somebody was told, by which words, and what it was mended with.
 *
 *   --rows clock,flood   only those whose names have one of these words in them
 *   --events 10000       for the bulk replay, instead of 100,000
 *
 * Exit 1 if something was lost and nobody was told, if the ledger and the inbox do not agree, or a row has another fault.
 */
import { parseArgs } from 'node:util';
import { ROWS, type Row, type RowOptions } from './rows.ts';
import { Scene } from './scene.ts';
import { type Played, tableOf } from './table.ts';

/** Most rows wait most of the time. */
const AT_ONCE = 3;

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '' }, events: { type: 'string', default: '100000' } },
});
const wanted = values.rows.split(',').filter(Boolean);
const rows = ROWS.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
const options: RowOptions = { events: Number(values.events) };

async function play(row: Row): Promise<Played> {
  const { name, isQuiet = false } = row;
  const skipped = row.missing?.();
  if (skipped !== undefined) return { name, isQuiet, skipped };
  const scene = new Scene();
  const begun = performance.now();
  try {
    await row.play(scene, options);
  } catch (error) {
    const { stack = '' } = error as Error;
    process.stderr.write(`${name}: ${stack}\n`);
    scene.fault(`it broke off: ${stack.split('\n')[0]}`);
  }
  try {
    return { name, isQuiet, outcome: await scene.judge() };
  } finally {
    await scene.clear();
    process.stderr.write(`${name}: ${Math.round((performance.now() - begun) / 1_000)} s\n`);
  }
}

const played = new Map<Row, Played>();
const together = rows.filter(({ isAlone }) => !isAlone);
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let row = together.shift(); row; row = together.shift()) played.set(row, await play(row));
  }),
);
for (const row of rows.filter(({ isAlone }) => isAlone)) played.set(row, await play(row));

const inOrder = rows.map((row) => played.get(row) as Played);
process.stdout.write(`${tableOf(inOrder)}\n`);
const untold = inOrder.filter(({ outcome }) => outcome && outcome.lost > 0 && !outcome.told);
const faulty = inOrder.filter(({ outcome }) => outcome && outcome.faults.length > 0);
for (const { name } of untold) process.stdout.write(`\n${name}: events were lost, and nobody was told.\n`);
process.exitCode = untold.length + faulty.length > 0 ? 1 : 0;
