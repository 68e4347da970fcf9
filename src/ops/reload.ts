/**
 * Has changed settings read without a restart: on SIGHUP, and when a file that a `…_FILE` setting names (in development also
 * `.env`) has changed. A reading that cannot be used changes nothing and says so in the log. Used by serve.ts.
 */
import { type Stats, statSync, unwatchFile, watchFile } from 'node:fs';
import { ConfigError, sentenceOf } from '../base/errors.ts';
import type { Log } from '../base/log/log.ts';
import type { Settings } from './settings.ts';

/** Polled: notifications do not see through the links that orchestrators swap. */
const LOOK_MS = 1_000;

export interface ReloadOptions {
  readonly settings: Settings;
  /** When they began to be read, in ms since 1970 and parts of them: a start takes its time, and files may change meanwhile. */
  readonly readAt: number;
  /** Reads again and puts in force. Answers with what was read; rejects if it cannot be used. */
  readonly reload: () => Promise<Settings>;
  /** The file that settings are read from in development. */
  readonly dotenv: string | undefined;
  /** In a terminal SIGHUP means that the terminal has gone. */
  readonly onHangup: boolean;
  readonly log: Log;
}

/** Answers with a function that stops it. */
export function reloadOnChange(options: ReloadOptions): () => void {
  const { settings, readAt, reload, dotenv, onHangup, log } = options;
  let watched: string[] = [];
  let reading: Promise<void> = Promise.resolve();

  /** Watches each file once: for a file that is not there, a second watch would call at once. */
  function watch(current: Settings): void {
    const wanted = filesOf(current, dotenv);
    for (const file of watched) if (!wanted.includes(file)) unwatchFile(file, onLook);
    for (const file of wanted) {
      if (!watched.includes(file)) watchFile(file, { interval: LOOK_MS, persistent: false }, onLook);
    }
    watched = wanted;
  }

  function onLook(now: Stats, before: Stats): void {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino) onChange();
  }

  function onChange(): void {
    reading = reading.then(reload).then(watch, (error: Error) => sayUnread(error, log));
  }

  watch(settings);
  if (watched.some((file) => hasChanged(file, readAt))) onChange();
  if (onHangup) process.on('SIGHUP', onChange);
  return function stopWatching(): void {
    process.off('SIGHUP', onChange);
    for (const file of watched) unwatchFile(file, onLook);
  };
}

function sayUnread(error: Error, log: Log): void {
  if (!(error instanceof ConfigError)) {
    log.error({ reason: error.message }, 'the changed settings cannot be read: the old ones stay in force');
    return;
  }
  for (const { fix, ...problem } of error.problems)
    log.error({ setting: problem.setting }, `${sentenceOf(problem)}. ${fix}`);
  log.error({}, 'the changed settings have problems: the old ones stay in force');
}

/** What nobody may look at has been said to be wrong by whoever has read it. */
function hasChanged(file: string, since: number): boolean {
  try {
    const { mtimeMs, ctimeMs } = statSync(file);
    return Math.max(mtimeMs, ctimeMs) > since;
  } catch {
    return false;
  }
}

/** The files that hold settings which a reload can change. Handlers read theirs once. */
function filesOf({ config, environment }: Settings, dotenv: string | undefined): string[] {
  const beginnings = ['CONSOLE', 'ALARM', ...config.sources.map(({ prefix }) => prefix)];
  const isOurs = (name: string) =>
    name.endsWith('_FILE') && beginnings.some((beginning) => name.startsWith(`${beginning}_`));
  const named = Object.keys(environment).filter(isOurs);
  return [...new Set([dotenv, ...named.map((name) => environment[name])])].flatMap((file) => file || []);
}
