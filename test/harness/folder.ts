/** Commands run in a folder of their own, as a user would in a fresh project. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { run } from './command.ts';

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  /** Lines of --json. */
  readonly records: readonly Record<string, unknown>[];
}

export type Command = (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ended>;

/** A folder that goes when the tests of the file are over, and a way to run commands in it. */
export function useFolder(): { folder: string; consignee: Command } {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const consignee: Command = async (args, env = {}) => {
    const command = run(args, { env, cwd: folder });
    const [code] = (await once(command.process, 'close')) as [number | null];
    return { code, output: command.output(), records: command.lines() };
  };
  return { folder, consignee };
}
