/** Commands run in a folder of their own, as a user would in a fresh project. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { runToEnd } from './command.ts';
import { Resident } from './resident.ts';

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  /** Lines of --json. */
  readonly records: readonly Record<string, unknown>[];
}

/** In the folder, unless another one is given. */
export type Command = (
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
  cwd?: string,
) => Promise<Ended>;

/** A folder that goes when the tests of the file are over, and a way to run commands in it. */
export function useFolder(): { folder: string; consignee: Command } {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const resident = new Resident();
  afterAll(() => resident.end());
  const consignee: Command = async (args, env = {}, cwd = folder) => {
    // The service ends its process in its own way.
    const { code, output } = await (args[0] === 'serve'
      ? runToEnd(args, { env, cwd })
      : resident.ask(args, env, cwd));
    const lines = output.split('\n').filter((line) => line.startsWith('{'));
    return { code, output, records: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  };
  return { folder, consignee };
}
