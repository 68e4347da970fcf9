/** A project of a user's own, in an empty folder with nothing of this repository in reach, and what the user types there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { waitFor } from '../harness/waiting.ts';

/** What a machine needs to reach npm's registry. No setting of a service is among them. */
const REACH = /^(HOME|TMPDIR|npm_config_.*|.*_proxy|.*(CERT|CA_BUNDLE).*)$/i;

/** The Node that runs the tests, whatever the system has, and npm from wherever it is. */
const ENV = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => REACH.test(name))),
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
};

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

export class Project {
  readonly folder: string;

  constructor(folder = mkdtempSync(join(tmpdir(), 'consignee-package-'))) {
    this.folder = folder;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(this.path(file), text);
  }

  /** Another tarball under the name that the project's package.json has. */
  takeTarball(tarball: string): void {
    cpSync(tarball, this.path('consignee.tgz'));
  }

  /** Runs to its end. */
  async run(program: string, ...args: string[]): Promise<Ran> {
    return await this.runWith({}, program, ...args);
  }

  async runWith(env: Readonly<Record<string, string>>, program: string, ...args: string[]): Promise<Ran> {
    const child = this.start(program, args, env);
    const [code] = (await once(child.process, 'close')) as [number | null];
    return { code, output: child.output() };
  }

  start(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const process = spawn(program, args, {
      cwd: this.folder,
      env: { ...ENV, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [process.stdout, process.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    }
    return { process, output: () => text };
  }

  /** `npm run dev`, once it is ready. */
  async startDev() {
    const dev = this.start('npm', ['run', 'dev'], { PORT: '0', CONSOLE_PORT: '0' });
    const ready = () => /http:\/\/localhost:(\d+)\/webhooks/.exec(dev.output())?.[1];
    const port = await waitFor(ready, 60_000, dev.output);
    return { url: `http://127.0.0.1:${port}`, output: dev.output, stop: () => stop(dev.process) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function stop(process: ChildProcess): Promise<number | null> {
  const closed = once(process, 'close');
  process.kill('SIGTERM');
  const [code] = (await closed) as [number | null];
  return code;
}
