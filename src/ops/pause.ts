/** `consignee pause` and `consignee resume`: keeps a handler or a target from getting anything, and lets it have events again. */
import { parseArgs } from 'node:util';
import { iso } from '../base/times.ts';
import { typed } from '../base/typed.ts';
import type { Pause, PauseResult } from '../inbox/pauses.ts';
import type { Config } from '../serve/config/config.ts';
import { openOrders, readInbox, whoOrders } from './orders.ts';
import { readSettings, sound } from './settings.ts';
import { complain, FLAG, misused, sayJson, sayProse, TEXT } from './terminal.ts';

export const usage = `Usage: consignee pause SOURCE/HANDLER|TARGET --reason TEXT

Nothing is handed to it until somebody resumes it, over restarts and in all
replicas. What it is handling it finishes; what comes is kept, and waits.
A target is what several handlers share by the option of that name.

  --json   one JSON object
`;
const REASON_MAX = 500;

export function run(args: string[]): Promise<number> {
  return orderPause('pause', args, usage);
}

/** The part that both commands have in common. */
export async function orderPause(verb: 'pause' | 'resume', args: string[], usage: string): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...(verb === 'pause' && { reason: TEXT }), json: FLAG, config: TEXT },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) {
    return misused(`${verb} wants one handler, as in shippo/forward, or one target`, usage);
  }
  const reason = typeof values.reason === 'string' ? values.reason.trim() : '';
  if (verb === 'pause' && (reason === '' || reason.length > REASON_MAX)) {
    const wants = `pause wants --reason and a sentence of at most ${REASON_MAX} characters`;
    return misused(`${wants}: somebody else may have to decide when it is over`, usage);
  }
  const { config } = sound(await readSettings(values.config));
  const { result, problem } = await carryOut(config, verb, name, reason);
  if (!result) return complain(problem);
  if (values.json) sayJson({ verb, name, ...result });
  else
    for (const line of verb === 'pause' ? afterPause(name, result) : afterResume(name, result))
      sayProse(line);
  return 0;
}

async function carryOut(config: Config, verb: 'pause' | 'resume', name: string, reason: string) {
  const orders = await openOrders(config, await readInbox(config, (reader) => reader.id()));
  try {
    const by = { name, who: whoOrders() };
    const result = await orders.orderPause(verb === 'pause' ? { verb, ...by, reason } : { verb, ...by });
    return { result };
  } catch (error) {
    return { problem: (error as Error).message };
  } finally {
    await orders.close();
  }
}

function afterPause(name: string, { handlers, before }: PauseResult): string[] {
  const again = before ? [`It was paused before, ${described(before)}.`] : [];
  const resume = `Resume it with: ${typed(`consignee resume ${name}`)}`;
  return [`${listed(handlers)} gets nothing more for now; what comes waits.`, ...again, resume];
}

function afterResume(name: string, { handlers, before, endedRest }: PauseResult): string[] {
  const lines = before ? [`${name} gets events again. It had been paused ${described(before)}.`] : [];
  if (endedRest)
    lines.push(`${listed(handlers)} was resting since its target was down: one event tries it now.`);
  return lines.length > 0 ? lines : [`${name} was not paused, and its target is well: nothing has changed.`];
}

function described({ since, who, reason }: Pause): string {
  return `since ${iso(since)} by ${who}: ${reason}`;
}

function listed(handlers: readonly string[]): string {
  return handlers.length > 1 ? `each of ${handlers.join(', ')}` : handlers.join();
}
