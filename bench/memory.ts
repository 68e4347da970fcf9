/** Whether memory stays flat: resident size of the service, sampled while events come in as fast as they are taken. */
import { type Contender, load, start } from './contenders.ts';

const STEP_MS = 5_000;

export async function measureMemory(contender: Contender, events: number) {
  const running = await start(contender);
  const samples: { events: number; rssMb: number }[] = [];
  for (let total = 0; total < events; ) {
    const { answered } = await load(running, contender, 1_000, [0, STEP_MS]);
    total += answered;
    samples.push({ events: total, rssMb: Math.round(running.rssMb()) });
    process.stdout.write(`${String(total).padStart(9)} events  ${samples.at(-1)?.rssMb} MiB\n`);
  }
  await running.stop();
  return samples;
}
