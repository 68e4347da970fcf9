/**
 * Commands in a process that stays: the same `main` with the same arguments, environment and folder as at a prompt, without a
 * start for each. For tests of what commands say; how a process of its own begins and ends is told by command.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { environmentIn, NODE } from './command.ts';

export interface Asked {
  readonly id: number;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export interface Said {
  readonly code: number;
  readonly output: string;
}

export class Resident {
  readonly #waiting = new Map<number, { resolve: (said: Said) => void; reject: (error: Error) => void }>();
  #child: ChildProcess | undefined;
  #last = 0;

  ask(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string): Promise<Said> {
    this.#child ??= this.#start();
    const id = ++this.#last;
    this.#child.send({ id, args, env: environmentIn(cwd, env), cwd } satisfies Asked);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  end(): void {
    this.#child?.kill('SIGKILL');
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'resident-process.ts')], {
      env: NODE,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.on('message', ({ id, ...said }: Said & { id: number }) => {
      this.#waiting.get(id)?.resolve(said);
      this.#waiting.delete(id);
    });
    child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the commands' process ended with ${code}`));
      this.#waiting.clear();
    });
    return child;
  }
}
