/**
 * What runs an image here: Docker where its daemon answers, else buildah, which needs none. All containers share the network of
 * this machine. Docker mounts their root read-only; with buildah, `written` says what was written there.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';

export interface Start {
  readonly args: readonly string[];
  /** As `--user` takes it; that of the image without it. */
  readonly user?: string;
  /** As `--volume` takes them. */
  readonly volumes?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
}

export interface Started {
  output(): string;
  readonly ended: Promise<number | null>;
  /** SIGTERM, as `docker stop` sends it. */
  stop(): Promise<number | null>;
}

export interface Engine {
  readonly name: string;
  /** Builds the folder's Dockerfile. */
  build(folder: string, image: string): void;
  start(image: string, options: Start): Started;
  /** What was written into the roots of containers of that image, but for volumes and /tmp. */
  written(image: string): string[];
  remove(): void;
}

export function findEngine(): Engine | undefined {
  const answers = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
  if (answers('docker', 'info', '--format', '{{.ServerVersion}}')) return docker();
  return process.getuid?.() === 0 && answers('buildah', '--version') ? buildah() : undefined;
}

const options = (name: string, values: readonly string[] = []) => values.flatMap((value) => [name, value]);
const pairs = (env: Start['env'] = {}) => Object.entries(env).map(([name, value]) => `${name}=${value}`);
const common = ({ user, volumes, env, workdir }: Start) => [
  ...options('--user', user === undefined ? [] : [user]),
  ...options('--volume', volumes),
  ...options('--env', pairs(env)),
  ...options('--workdir', workdir === undefined ? [] : [workdir]),
];

function docker(): Engine {
  const say = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim();
  let nth = 0;
  return {
    name: 'docker',
    build: (folder, image) => void say('build', '--quiet', '--tag', image, folder),
    start(image, start) {
      const name = `consignee-test-${process.pid}-${++nth}`;
      const hardened = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL'];
      const wanted = ['--network', 'host', '--security-opt', 'no-new-privileges', ...common(start)];
      const child = spawn('docker', [
        'run',
        '--rm',
        '--name',
        name,
        ...hardened,
        ...wanted,
        image,
        ...start.args,
      ]);
      return followed(child, () => void say('stop', '-t', '40', name));
    },
    written: () => [],
    remove: () => {},
  };
}

function buildah(): Engine {
  const env = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' };
  const say = (...args: string[]) => execFileSync('buildah', args, { env, encoding: 'utf8' }).trim();
  interface Box {
    readonly image: string;
    readonly name: string;
    readonly root: string;
    readonly since: number;
    isBusy: boolean;
  }
  const boxes: Box[] = [];
  // Two that run in one box at once would disturb each other's volumes.
  const freeBox = (image: string): Box => {
    const free = boxes.find((box) => box.image === image && !box.isBusy);
    if (free) return free;
    const name = say('from', '--pull-never', image);
    // It mounts a VOLUME of the image and one that is given for the same place in any order.
    say('config', '--volume', '/data-', name);
    const made = { image, name, root: say('mount', name), since: Date.now(), isBusy: false };
    boxes.push(made);
    return made;
  };
  return {
    name: 'buildah',
    build: (folder, image) => void say('bud', '--quiet', '--pull-never', '--tag', image, folder),
    start(image, { args, ...start }) {
      const format = '{{range .OCIv1.Config.Entrypoint}}{{println .}}{{end}}';
      const entry = say('inspect', '--type', 'image', '--format', format, image).split('\n').filter(Boolean);
      const wanted = common({ args, ...start }).map((word) => (word === '--workdir' ? '--workingdir' : word));
      const box = freeBox(image);
      box.isBusy = true;
      const child = spawn('buildah', ['run', ...wanted, box.name, '--', ...entry, ...args], { env });
      child.once('close', () => {
        box.isBusy = false;
      });
      return followed(child, () => process.kill(lastOf(child.pid as number), 'SIGTERM'));
    },
    written: (image) => boxes.filter((box) => box.image === image).flatMap(writtenIn),
    remove: () => {
      for (const { name } of boxes) say('rm', name);
    },
  };
}

/** buildah itself writes into etc and run, and mounts the rest. */
const NOT_LOOKED_AT = ['data', 'tmp', 'proc', 'sys', 'dev', 'etc', 'run'];

function writtenIn({ root, since }: { readonly root: string; readonly since: number }): string[] {
  const skipped = NOT_LOOKED_AT.flatMap((name) => ['-path', `./${name}`, '-prune', '-o']);
  const after = new Date(since).toISOString();
  const found = execFileSync('find', ['.', ...skipped, '-type', 'f', '-newermt', after, '-print'], {
    cwd: root,
    encoding: 'utf8',
  });
  return found.split('\n').filter(Boolean);
}

function followed(process: ChildProcess, end: () => void): Started {
  let text = '';
  for (const stream of [process.stdout, process.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  const ended = once(process, 'close').then(([code]) => code as number | null);
  const stop = async () => {
    if (process.exitCode === null) end();
    return await ended;
  };
  return { output: () => text, ended, stop };
}

/** Of a line of processes, each of which has started the next, the last: the program in the container. */
function lastOf(pid: number): number {
  const children = globSync(`/proc/${pid}/task/*/children`).map((file) => readFileSync(file, 'utf8'));
  const [child] = children.join(' ').split(' ').filter(Boolean);
  return child === undefined ? pid : lastOf(Number(child));
}
