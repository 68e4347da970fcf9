/** Commands of the project as somebody types them: a process of its own, with just the environment that the test gives. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FOUR, ROOT } from './project.ts';

export interface Line {
  readonly [field: string]: unknown;
}

/** What has been written so far, and the records of the log in it. */
export interface Transcript {
  output(): string;
  lines(): Line[];
}

export interface Run extends Transcript {
  readonly process: ChildProcess;
}

/** vitest.config.ts says where compiled code is kept: without it each process would compile the project again. */
export const NODE = { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };

/** Of a command in that folder, which has a wiring of its own or else that of the four providers. */
export function environmentIn(cwd: string, env: Readonly<Record<string, string>> = {}) {
  const hasOwn = cwd !== ROOT && existsSync(join(cwd, 'config'));
  return { ...NODE, ...(!hasOwn && { CONSIGNEE_CONFIG: FOUR }), ...env };
}

/** Starts a command of the project with just this environment. */
export function run(
  args: readonly string[],
  options: {
    env?: Readonly<Record<string, string>>;
    cwd?: string;
    under?: readonly string[];
    /** Where another release of the project is. */
    root?: string;
  } = {},
): Run {
  const [program = '', ...rest] = [
    ...(options.under ?? []),
    process.execPath,
    join(options.root ?? ROOT, 'bin/consignee.js'),
    ...args,
  ];
  const child = spawn(program, rest, {
    cwd: options.cwd ?? ROOT,
    env: environmentIn(options.cwd ?? ROOT, options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { write, ...transcript } = transcribe();
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', write);
  return { process: child, ...transcript };
}

/** Keeps what is written to it. */
export function transcribe(): Transcript & { write(chunk: string): void } {
  let text = '';
  const write = (chunk: string) => {
    text += chunk;
  };
  const known: Line[] = [];
  let from = 0;
  // Those who wait ask again and again: each line is parsed once.
  const lines = () => {
    for (let end = text.indexOf('\n', from); end >= 0; end = text.indexOf('\n', from)) {
      if (text[from] === '{') known.push(JSON.parse(text.slice(from, end)) as Line);
      from = end + 1;
    }
    return [...known];
  };
  return { write, output: () => text, lines };
}

/** Runs a command of the project to its end. */
export async function runToEnd(
  ...parameters: Parameters<typeof run>
): Promise<{ code: number | null; output: string }> {
  const command = run(...parameters);
  const [code] = (await once(command.process, 'close')) as [number | null];
  return { code, output: command.output() };
}
