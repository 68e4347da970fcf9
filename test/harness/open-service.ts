/**
 * The service within the tests' own process: what `consignee serve` runs, with the same settings, real ports, a real inbox and real
 * threads, and a third of a second cheaper than the process of service.ts. That one is for tests of signals, exit codes, arguments,
 * standard output, or what handlers read from process.env.
 *
 * Its working folder is that of the process for as long as it runs, so that there is one at a time. Those that a test leaves open,
 * stop-opened.ts stops.
 */
import { rmSync } from 'node:fs';
import { importWiring, settingsFrom } from '../../src/serve/config/settings.ts';
import { Instance } from '../../src/serve/instance.ts';
import { transcribe } from './command.ts';
import { opened } from './opened.ts';
import { FOUR } from './project.ts';
import { placeOf, type RunningService, type ServiceOptions, viewOf } from './service.ts';

type OpenOptions = Pick<ServiceOptions, 'env' | 'config' | 'knobs' | 'folder'>;

/** Rejects if it does not start, or while another one is open. */
export async function openService(options: OpenOptions = {}): Promise<RunningService> {
  if (opened.size > 0) throw new Error('a service is open already: stop it, or start this one as a process');
  const { folder, config = FOUR, env } = placeOf(options);
  const transcript = transcribe();
  const instance = new Instance({
    read: async () => settingsFrom(await importWiring(config, env), env, true),
    role: 'both',
    output: () => ({ write: transcript.write, end: (done) => done() }),
    pretty: false,
    signals: false,
    isOwnProcess: false,
  });
  const before = process.cwd();
  process.chdir(folder);
  const stop = async () => {
    await instance.stop();
    if (!opened.delete(stop)) return;
    process.chdir(before);
    if (!options.folder) rmSync(folder, { recursive: true, force: true });
  };
  opened.add(stop);
  try {
    await instance.start();
    const consolePort = await instance.openConsole();
    return { ...viewOf(folder, transcript, { consolePort, ...(await instance.listen()) }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
