/**
 * What a target that is down costs the others: answers to providers and deliveries to a healthy target, with 100,000
 * events waiting for the one that is down, against the same service without it. Then the target comes back, and the rate
 * at which the waiting events drain is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { firstNumberAt } from '../src/inbox/event-id.ts';
import { openInboxFile } from '../src/inbox/sqlite/files.ts';
import { type Contender, forwarding, freePort, load, start, target, type Window } from './contenders.ts';
import { median } from './median.ts';

const HOUR_MS = 3_600_000;
const NEXT_MS = 50;
const MODES = ['refused', 'fail', 'hang'] as const;
type Mode = (typeof MODES)[number];

/** Events that the handler `healthy` has had and `down` has not. */
function fill(path: string, events: number): void {
  const database = openInboxFile(path);
  const insert =
    database.prepare(`INSERT INTO inbox (number, received_at, source, identity, digest, type, external_id,
    is_json, held, address, headers, body) VALUES (?, ?, 'flexport', randomblob(16), randomblob(32), 'bench', ?, 1, NULL,
    '127.0.0.1', '{"content-type":"application/json"}', ?)`);
  const work = database.prepare(`INSERT INTO work (event, handler, state, attempts, due, alone)
    VALUES (?, 'flexport/down', 'pending', 0, 0, 0)`);
  const body = Buffer.from(JSON.stringify({ id: 1, type: 'bench', data: 'x'.repeat(900) }));
  const begin = Date.now() - HOUR_MS;
  database.exec('BEGIN');
  for (let at = 0; at < events; at++) {
    const number = firstNumberAt(begin) + at;
    insert.run(number, begin, String(at), body);
    work.run(number);
  }
  database.exec('COMMIT');
  database.close();
}

async function countAt(port: number): Promise<number> {
  return Number(await (await fetch(`http://127.0.0.1:${port}/`)).text());
}

/** Answers and healthy deliveries a second, under load. */
async function measure(
  contender: Contender,
  healthyPort: number,
  folder: string | undefined,
  window: Window,
) {
  const running = await start(contender, folder);
  const before = await countAt(healthyPort);
  const began = performance.now();
  const { perSecond, refused, p99 } = await load(running, contender, 1_000, window);
  const delivered = (await countAt(healthyPort)) - before;
  const deliveries = (delivered * 1_000) / (performance.now() - began);
  await running.stop();
  return { answers: perSecond, deliveries, refused, p99 };
}

export async function measureDown(events: number, rounds: number, window: Window) {
  const ratios: { mode: Mode; answers: number; deliveries: number }[] = [];
  const healthy = await target('ok');
  for (let round = 0; round < rounds; round++) {
    for (const mode of MODES) {
      const normal = await measure(forwarding(healthy.url), healthy.port, undefined, window);
      const broken = mode === 'refused' ? undefined : await target(mode);
      const downUrl = broken?.url ?? `http://127.0.0.1:${await freePort()}/`;
      const folder = mkdtempSync(join(import.meta.dirname, 'results-'));
      fill(join(folder, 'inbox.db'), events);
      const down = await measure(forwarding(healthy.url, downUrl), healthy.port, folder, window);
      broken?.stop();
      rmSync(folder, { recursive: true });
      const ratio = {
        answers: down.answers / normal.answers,
        deliveries: down.deliveries / normal.deliveries,
      };
      ratios.push({ mode, ...ratio });
      process.stdout.write(
        `${events} waiting, ${mode.padEnd(7)}  answers ${Math.round(down.answers)}/s of ${Math.round(normal.answers)}/s ` +
          `= ${ratio.answers.toFixed(2)}, healthy deliveries ${Math.round(down.deliveries)}/s of ` +
          `${Math.round(normal.deliveries)}/s = ${ratio.deliveries.toFixed(2)}, not 200: ${down.refused}, ` +
          `p99 ${down.p99.toFixed(0)} of ${normal.p99.toFixed(0)} ms\n`,
      );
    }
  }
  for (const mode of MODES) {
    const of = (pick: 'answers' | 'deliveries') =>
      median(ratios.filter((ratio) => ratio.mode === mode).map((ratio) => ratio[pick])).toFixed(2);
    process.stdout.write(
      `median ${mode.padEnd(7)}  answers ${of('answers')}, healthy deliveries ${of('deliveries')}\n`,
    );
  }
  const drained = await measureDrain(events, healthy.url);
  healthy.stop();
  return { events, ratios, drained };
}

/** The target is back: how fast what has waited reaches it. */
async function measureDrain(events: number, healthyUrl: string): Promise<number> {
  const folder = mkdtempSync(join(import.meta.dirname, 'results-'));
  fill(join(folder, 'inbox.db'), events);
  const back = await target('ok');
  const running = await start(forwarding(healthyUrl, back.url), folder);
  const began = performance.now();
  while ((await countAt(back.port)) < events) await new Promise((resolve) => setTimeout(resolve, NEXT_MS));
  const perSecond = (events * 1_000) / (performance.now() - began);
  await running.stop();
  back.stop();
  rmSync(folder, { recursive: true });
  process.stdout.write(`${events} waiting events drained at ${Math.round(perSecond)}/s\n`);
  return perSecond;
}
