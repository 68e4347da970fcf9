/**
 * `consignee events rescue`: saves what is in an inbox that is damaged, or whose files are gone while a service still has them
 * open. A verb of events.ts. Exit 0 once the new file is there and sound, whatever is missing from it.
 *
 * A service that runs is asked for a copy of what it has open. If nobody answers, the file itself is read, which no service may
 * have open then. The old files stay as they are.
 */
import { existsSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { makePrivateFile, makePrivateFolder } from '../base/private-files.ts';
import { HOUR_MS, iso } from '../base/times.ts';
import { spelled } from '../base/words.ts';
import { driverOf, type Rescued, type RescueSource } from '../inbox/driver.ts';
import { idOf, timeOfNumber } from '../inbox/event-id.ts';
import { type Config, storedSourcesOf } from '../serve/config/config.ts';
import { askConsole } from './orders.ts';
import { complain, say } from './terminal.ts';

/** A large inbox on a slow disk takes its time. */
const COPY_MS = HOUR_MS;
const NAMED_MAX = 20;

export async function rescue(config: Config, given: string, json: boolean): Promise<number> {
  const { file, rescue: rescueFrom } = driverOf(config.database);
  if (file === undefined || !rescueFrom) {
    return complain('only an inbox in an SQLite file is rescued so: PostgreSQL has tools of its own');
  }
  const to = resolve(given);
  const copy = `${to}-copy`;
  const taken = [to, copy].find((path) => existsSync(path));
  if (taken !== undefined) return complain(`${taken} is there already: name a file that is not there yet`);
  const found = await findSource(config, resolve(file), copy);
  if ('wrong' in found) return complain(found.wrong);
  const rescued = await rescueFrom(found.from, to, storedSourcesOf(config.sources));
  const left = found.from !== 'inbox' && !isComplete(rescued) ? copy : file;
  if (left !== copy) rmSync(copy, { force: true });
  if (json) say(JSON.stringify({ to, ...rescued, missing: rescued.missing.map(idOf) }));
  else for (const line of describeRescued(rescued, to, left)) say(line);
  return 0;
}

/** Has the service make a copy, if one runs. */
async function findSource(
  config: Config,
  file: string,
  copy: string,
): Promise<{ readonly from: RescueSource } | { readonly wrong: string }> {
  makePrivateFolder(dirname(copy));
  makePrivateFile(copy);
  const { status, answer } = await askConsole(config, '/rescue', { inbox: file, to: copy }, COPY_MS);
  if (status === 200) return { from: { copy } };
  rmSync(copy);
  const title = String((answer as { title?: string }).title);
  // Whoever answers at that port has nothing to do with this inbox.
  if (status !== 0 && status !== 409) return { wrong: `the service cannot copy its inbox: ${title}` };
  if (existsSync(file)) return { from: 'inbox' };
  return { wrong: `there is no inbox at ${file}, and ${title}` };
}

function isComplete({ missing, held, unreadablePages }: Rescued): boolean {
  return missing.length === 0 && held === 0 && unreadablePages === 0;
}

function describeRescued(rescued: Rescued, to: string, left: string): string[] {
  const { events, missing, held, unreadablePages } = rescued;
  const named = missing.slice(0, NAMED_MAX).map((event) => `  ${idOf(event)}  ${iso(timeOfNumber(event))}`);
  const more = missing.length - named.length;
  return [
    `${spelled(events, 'event')} saved in ${to}, read back and found whole.`,
    ...(missing.length === 0
      ? ['Nothing that anything tells of is missing.']
      : [
          `${spelled(missing.length, 'event')} could not be read. The providers may send them again if you ask, since they are not known any more:`,
          ...named,
          ...(more > 0 ? [`  and ${more} more (--json names all)`] : []),
        ]),
    ...(unreadablePages > 0
      ? [`The disk did not give ${spelled(unreadablePages, 'page')}: it is failing.`]
      : []),
    ...(held > 0
      ? [
          `Of ${spelled(held, 'event')} nobody knows whether it was handled: held. \`events list --state held\` names them; replay or discard them.`,
        ]
      : []),
    `Stop the service if it runs, and start it with DATABASE_URL=sqlite:${to}.`,
    ...(existsSync(left) ? [`${left} is as it was: delete it when you need it no more.`] : []),
  ];
}
