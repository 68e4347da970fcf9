/**
 * `consignee events refused discard`: deletes refused requests that nobody wants judged again, a flood for one. A verb of
 * refused.ts. The service does it, if one runs that has the file; otherwise this command.
 */
import { counted } from '../base/words.ts';
import { driverOf } from '../inbox/driver.ts';
import { DISCARD_STEP } from '../inbox/refused/client.ts';
import { openRefused } from '../inbox/refused/file.ts';
import { isChoice, type RefusedChoice, RefusedReader } from '../inbox/refused/reader.ts';
import { RefusedStore } from '../inbox/refused/store.ts';
import { type Config, storedSourcesOf } from '../serve/config/config.ts';
import { askConsole, readInbox, whoOrders } from './orders.ts';
import { mayAsk, personSays } from './person.ts';
import { complain, EXIT_USAGE, say, sayJson } from './terminal.ts';

interface RefusedDiscardOptions {
  readonly yes: boolean;
  readonly 'dry-run': boolean;
  readonly json: boolean;
}

export async function discardRefused(config: Config, choice: RefusedChoice, options: RefusedDiscardOptions) {
  if (!isChoice(choice)) {
    return complain('refused discard wants ids, --source, --code or --address: not all there is', EXIT_USAGE);
  }
  const reader = new RefusedReader(config.refusedPath);
  const found = reader.count(choice);
  reader.close();
  if (options['dry-run'] && options.json) sayJson({ found });
  else if (!options.json || options['dry-run']) say(`discards ${counted(found, 'refused request')}`);
  if (found === 0 || options['dry-run']) return 0;
  if (!options.yes && !mayAsk()) {
    return complain(
      'nobody is here to be asked: say --yes if you mean it, or --dry-run to only count',
      EXIT_USAGE,
    );
  }
  if (!options.yes && !(await personSays('They cannot be judged again then. Go on? [y/N] ', 'y'))) {
    return complain('nothing has changed');
  }
  const discarded = await discardWhere(config, choice);
  if (typeof discarded === 'string') return complain(discarded);
  if (options.json) sayJson({ found, discarded });
  else say(`${counted(discarded, 'refused request')} discarded`);
  return 0;
}

/** How many, or why not. */
async function discardWhere(config: Config, choice: RefusedChoice): Promise<number | string> {
  const driver = driverOf(config.database);
  const inbox = await readInbox(config, (reader) => reader.id());
  const who = whoOrders();
  const writer = await driver.openWriter(storedSourcesOf(config.sources));
  try {
    const asked =
      writer && !driver.isShared
        ? undefined
        : await askConsole(config, '/refused/discard', { inbox, who, ...choice });
    const { discarded, title = '' } = (asked?.answer ?? {}) as { discarded?: number; title?: string };
    if (discarded !== undefined) return discarded;
    if (!writer || (asked && asked.status !== 0)) return title;
    const changed = discardHere(config, choice);
    await writer.noteAction({ who, verb: 'discard refused', about: choice, changed });
    return changed;
  } finally {
    await writer?.close();
  }
}

function discardHere(config: Config, choice: RefusedChoice): number {
  const { database } = openRefused(config.refusedPath);
  const store = new RefusedStore(database, config.knobs.refused);
  try {
    let discarded = 0;
    for (let step = DISCARD_STEP; step === DISCARD_STEP; discarded += step)
      step = store.discard(choice, DISCARD_STEP);
    store.wipeRemains();
    return discarded;
  } finally {
    store.close();
  }
}
