/**
 * Intake with millions of events stored, against an empty inbox, in interleaved rounds. The stored events are written
 * by SQL, as finished ones of the last month with random identities: what an inbox looks like before retention.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { firstNumberAt } from '../src/inbox/event-id.ts';
import { openInboxFile } from '../src/inbox/sqlite/files.ts';
import { type Contender, load, start, type Window } from './contenders.ts';
import { median } from './median.ts';

const BATCH = 10_000;
const MONTH_MS = 29 * 86_400_000;

function fill(path: string, events: number): void {
  const database = openInboxFile(path);
  const insert =
    database.prepare(`INSERT INTO inbox (number, received_at, source, identity, digest, type, external_id,
    is_json, held, address, headers, body) VALUES (?, ?, 'flexport', ?, ?, '/shipment_leg#arrived', ?, 1, NULL,
    '127.0.0.1', '{"content-type":"application/json"}', ?)`);
  const attempt = database.prepare(
    "INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome) VALUES (?, 'flexport/log', ?, 1, 1, 'done')",
  );
  const body = Buffer.from(JSON.stringify({ id: 1, type: '/shipment_leg#arrived', data: 'x'.repeat(900) }));
  const begin = Date.now() - MONTH_MS;
  for (let at = 0; at < events; at += BATCH) {
    database.exec('BEGIN');
    for (let one = at; one < Math.min(at + BATCH, events); one++) {
      const time = begin + Math.floor((one / events) * (MONTH_MS - 60_000));
      const number = firstNumberAt(time) + (one % 4096);
      insert.run(number, time, randomBytes(16), randomBytes(32), String(one), body);
      attempt.run(number, time);
    }
    database.exec('COMMIT');
    if (at % 500_000 === 0) process.stderr.write(`filling: ${at} of ${events}\n`);
  }
  database.close();
}

export async function measureStored(contender: Contender, events: number, rounds: number, window: Window) {
  const folder = mkdtempSync(join(import.meta.dirname, 'results-'));
  fill(join(folder, 'inbox.db'), events);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const full = await start(contender, folder);
    const withStored = await load(full, contender, 1_000, window);
    await full.stop();
    const empty = await start(contender);
    const without = await load(empty, contender, 1_000, window);
    await empty.stop();
    ratios.push(withStored.perSecond / without.perSecond);
    process.stdout.write(
      `${events} stored: ${Math.round(withStored.perSecond)}/s, empty: ${Math.round(without.perSecond)}/s, ` +
        `ratio ${ratios.at(-1)?.toFixed(2)}, p99 ${withStored.p99.toFixed(1)} against ${without.p99.toFixed(1)} ms\n`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`median ratio ${median(ratios).toFixed(2)}\n`);
  return { events, ratios };
}
