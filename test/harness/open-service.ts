/**
 * The service within the tests' own process: what `consignee serve` runs, with the same settings, real ports, a real inbox and real
 * threads, and a third of a second cheaper than the process of service.ts. That one is for tests of signals, exit codes, arguments,
 * standard output, what handlers read from process.env, or of files that change right after the start: here the test is quicker than
 * the first look at them.
 *
 * Where handlers write into the working folder, the whole process works there until the service stops. Those that a test leaves
 * open, stop-opened.ts stops.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../src/base/errors.ts';
import { reloadOnChange } from '../../src/ops/reload.ts';
import { importWiring, settingsFrom } from '../../src/serve/config/settings.ts';
import { Instance } from '../../src/serve/instance.ts';
import { transcribe } from './command.ts';
import { opened } from './opened.ts';
import { FOUR } from './project.ts';
import { placeOf, type RunningService, type ServiceOptions, viewOf } from './service.ts';

type OpenOptions = Pick<ServiceOptions, 'env' | 'config' | 'knobs' | 'folder' | 'writesWhereItRuns'>;

export interface OpenedService extends RunningService {
  /** Stops it, and opens it anew in the same folder, with what is given in place of the former options. */
  reopen(changed?: Omit<OpenOptions, 'folder'>): Promise<OpenedService>;
}

/** Rejects with the reason if it does not start. */
export function openService(options: OpenOptions = {}): Promise<OpenedService> {
  return open(options, options.folder === undefined);
}

/** What is wrong, each problem with its fix, where `serve` would end with 78. Fails if it starts, or ends for another reason. */
export async function refusalOf(options: OpenOptions): Promise<string> {
  try {
    const service = await openService(options);
    await service.stop();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it has started');
}

let last = 0;

/** A process imports a file once, and the next one in the same folder may have another wiring. */
async function open(options: OpenOptions, ownsFolder: boolean): Promise<OpenedService> {
  const { folder, config = FOUR, ...place } = placeOf(options, `config-${++last}`);
  // Of a process in that folder it is the usual one.
  const env = { DATA_DIR: join(folder, 'data'), ...place.env };
  const transcript = transcribe();
  const instance = new Instance({
    read: async () => settingsFrom(await importWiring(config, env), env, true),
    role: 'both',
    output: () => ({ write: transcript.write, end: (done) => done() }),
    pretty: false,
    signals: false,
    isOwnProcess: false,
  });
  const leave = options.writesWhereItRuns ? enter(folder) : () => {};
  let stopWatching = () => {};
  const end = async () => {
    stopWatching();
    await instance.stop();
    if (opened.delete(stop)) leave();
  };
  const stop = async () => {
    await end();
    if (ownsFolder) rmSync(folder, { recursive: true, force: true });
  };
  opened.add(stop);
  try {
    const readAt = performance.timeOrigin + performance.now();
    await instance.start();
    const consolePort = await instance.openConsole();
    stopWatching = reloadOnChange({
      settings: instance.settings,
      readAt,
      reload: () => instance.reload().then(() => instance.settings),
      onHangup: false,
      dotenv: undefined,
      log: instance.log,
    });
    const view = viewOf(folder, transcript, { consolePort, ...(await instance.listen()) });
    const reopen: OpenedService['reopen'] = async (changed) => {
      await end();
      return await open({ ...options, ...changed, folder }, ownsFolder);
    };
    return { ...view, stop, reopen };
  } catch (error) {
    await stop();
    throw error;
  }
}

const outside = process.cwd();

/** Answers with the way back. Throws if somebody else is in a folder of his own. */
function enter(folder: string): () => void {
  if (process.cwd() !== outside) throw new Error(`the process works in ${process.cwd()} already`);
  process.chdir(folder);
  return () => process.chdir(outside);
}
