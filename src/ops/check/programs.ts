/**
 * Runs git and npm: without a shell, with an environment that has none of our secrets, and never with a secret among the
 * arguments. Of git it asks the work tree we stand in, its files, and every object of its history as one stream, so that a big
 * history costs time but no memory.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Finding, fail, notKnown, pass, type Verdict, warn } from '../../serve/check/finding.ts';

interface ProgramEnd {
  /** Null if it was ended for taking too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PASSED_ON =
  /^(path|home|user|lang|tmpdir|xdg_\w+|git_\w+|npm_config_\w+|https?_proxy|no_proxy|ssl_cert_\w+|node_extra_ca_certs)$/i;
const OUTPUT_BYTES_MAX = 64 * 1_048_576;

function environmentForPrograms(): NodeJS.ProcessEnv {
  const passedOn = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name));
  // Messages are read, so they must be in the language we know.
  return { ...Object.fromEntries(passedOn), LC_ALL: 'C' };
}

/** Undefined if there is no such program here. */
function runTool(name: string, args: readonly string[], folder: string, timeoutMs = 0) {
  const { promise, resolve } = Promise.withResolvers<ProgramEnd | undefined>();
  const env = environmentForPrograms();
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: OUTPUT_BYTES_MAX } as const;
  execFile(name, args, { cwd: folder, env, ...limits }, (error, stdout, stderr) => {
    if (error?.code === 'ENOENT') return resolve(undefined);
    const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
    resolve({ code, stdout, stderr });
  });
  return promise;
}

export interface WorkTree {
  readonly root: string;
  /** Only the newest commits are here. */
  readonly isShallow: boolean;
}

/** Why nothing can be asked of git, and what that means for what should be asked: outside of a work tree there is nothing to find. */
export interface NoWorkTree {
  readonly because: string;
  readonly verdict: Verdict;
}

export async function findWorkTree(folder: string): Promise<WorkTree | NoWorkTree> {
  const asked = await runTool('git', ['rev-parse', '--show-toplevel', '--is-shallow-repository'], folder);
  if (!asked) return { because: 'git is not here', verdict: 'not known' };
  if (asked.code === 0) {
    const [root = folder, shallow] = asked.stdout.split('\n');
    return { root, isShallow: shallow === 'true' };
  }
  if (/not a git repository|must be run in a work tree/.test(asked.stderr)) {
    return { because: 'not in a git work tree', verdict: 'pass' };
  }
  return { because: `git says: ${asked.stderr.split('\n')[0]}`, verdict: 'warn' };
}

export async function isTracked(file: string, folder: string): Promise<boolean> {
  return (await runTool('git', ['ls-files', '--error-unmatch', '--', file], folder))?.code === 0;
}

export async function isIgnored(file: string, folder: string): Promise<boolean> {
  return (await runTool('git', ['check-ignore', '-q', '--', file], folder))?.code === 0;
}

/** Paths below the root, of what git tracks and what it would take along with the next `git add .` */
export async function* listFiles({ root }: WorkTree): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of output(['ls-files', '-z', '--cached', '--others', '--exclude-standard'], root)) {
    const paths = `${rest}${chunk.toString('utf8')}`.split('\0');
    rest = paths.pop() ?? '';
    yield* paths;
  }
}

interface ObjectReader {
  begin(id: string, type: string): void;
  /** A part of the object's content; parts follow each other. */
  content(part: Buffer): void;
  /** It is listed, but cannot be read: the store is damaged. */
  unreadable(): void;
}

/** Hands over every object that is here, whether or not a commit still leads to it. */
export async function readObjects({ root }: WorkTree, reader: ObjectReader): Promise<void> {
  const parser = objectParser(reader);
  const args = ['cat-file', '--batch', '--batch-all-objects', '--unordered', '--buffer'];
  for await (const chunk of output(args, root)) parser(chunk);
}

/** Reads `<id> <type> <size>`, a line break, the content, a line break; and so on. */
function objectParser(reader: ObjectReader): (chunk: Buffer) => void {
  let header = '';
  // Of the content, with the line break behind it.
  let left = 0;
  return function parse(chunk) {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const part = chunk.subarray(at, at + left);
        reader.content(part.length < left ? part : part.subarray(0, -1));
        at += part.length;
        left -= part.length;
        continue;
      }
      const end = chunk.indexOf(10, at);
      header += chunk.toString('latin1', at, end < 0 ? chunk.length : end);
      at = end < 0 ? chunk.length : end + 1;
      if (end < 0) continue;
      const [id = '', type = '', size] = header.split(' ');
      header = '';
      // `<id> missing`
      if (size === undefined) reader.unreadable();
      else {
        reader.begin(id, type);
        left = Number(size) + 1;
      }
    }
  };
}

/** Says where an object is: a path and the commit that brought it. */
export async function placeOfObject(id: string, type: string, { root }: WorkTree): Promise<string> {
  const short = id.slice(0, 10);
  if (type === 'commit') return `the message of commit ${short}`;
  const quietly = ['-c', 'core.quotePath=false'];
  const args = ['log', '--all', '--reverse', '--name-only', '--format=%h', `--find-object=${id}`];
  const asked = await runTool('git', [...quietly, ...args], root);
  const [commit = '', path = ''] = (asked?.stdout ?? '').split('\n').filter((line) => line !== '');
  return commit === '' || path === '' ? `the ${type} ${short} of git’s store` : `${path} of commit ${commit}`;
}

/** Throws what git says if it does not end well. */
async function* output(args: readonly string[], root: string): AsyncGenerator<Buffer> {
  const env = environmentForPrograms();
  const git = spawn('git', args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(git, 'close') as Promise<[number | null]>;
  let complaint = '';
  git.stderr.on('data', (text: Buffer) => {
    complaint = `${complaint}${text}`.slice(0, 1_000);
  });
  yield* git.stdout as AsyncIterable<Buffer>;
  const [code] = await ended;
  if (code !== 0) throw new Error(complaint.split('\n')[0] || `git ${args[0]} ended with ${code}`);
}

const OWN_FOLDER = join(import.meta.dirname, '../../..');
const SUBJECT = 'npm audit';
const TIMEOUT_MS = 5_000;
const ARGS = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--no-update-notifier', '--logs-max=0'];

interface AuditReport {
  readonly metadata: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly vulnerabilities: Readonly<Record<string, { readonly severity: string }>>;
}

/** Asks npm for known vulnerabilities in the packages that run in production, if npm is here and its registry answers. */
export async function auditFinding(timeoutMs = TIMEOUT_MS): Promise<Finding> {
  const asked = await runTool('npm', ARGS, OWN_FOLDER, timeoutMs);
  if (!asked) return notKnown(SUBJECT, 'not asked: npm is not here');
  const report = reportIn(asked.stdout);
  if (!report) return notKnown(SUBJECT, 'npm’s registry gave no report within 5 s');
  const { total = 0, high = 0, critical = 0 } = report.metadata.vulnerabilities;
  if (total === 0) return pass(SUBJECT, 'no known vulnerability in what runs in production');
  const names = Object.entries(report.vulnerabilities).map(([name, { severity }]) => `${name} (${severity})`);
  const says = `known vulnerabilities in ${names.join(', ')}. See npm audit --omit=dev, and update`;
  return (high + critical > 0 ? fail : warn)(SUBJECT, says);
}

/** None in what npm says when it could not ask. */
function reportIn(text: string): AuditReport | undefined {
  try {
    const report = JSON.parse(text) as Partial<AuditReport>;
    return report.metadata?.vulnerabilities && report.vulnerabilities ? (report as AuditReport) : undefined;
  } catch {
    return undefined;
  }
}
