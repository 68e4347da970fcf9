/**
 * CPU per verified signature, of the four hot paths: a body of 1 kB, one live secret, good signatures.
 *
 *   node bench/verification.ts [FOLDER …]     also with the code of other work trees, in turns, in one run
 */
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { median } from './median.ts';

const ROUNDS = 15;
const VERIFICATIONS = 20_000;
const SECRET = 'a-secret-of-the-bench-0123456789abcdef';
const BODY = Buffer.from(JSON.stringify({ id: 1, type: 'bench', data: 'x'.repeat(1_000) }));
const SECONDS = '1795341600';

interface Head {
  readonly receivedAt: number;
  readonly address: undefined;
  readonly query: string;
  readonly rawHeaders: readonly string[];
}
type Verify = (head: Head) => (body: Buffer) => unknown;

const mac = (before = '') => createHmac('sha256', SECRET).update(before).update(BODY).digest();
const HEADERS = {
  flexport: ['X-Hub-Signature-256', `sha256=${mac().toString('hex')}`],
  shippo: ['Shippo-Auth-Signature', `t=${SECONDS},v1=${mac(`${SECONDS}.`).toString('hex')}`],
  flintn: ['X-Signature-Primary', mac().toString('base64')],
  flatfile: ['X-Hub-Signature', `sha256=${mac().toString('hex')}`],
};
const USUAL = [
  'Host',
  'hooks.example.com',
  'Content-Type',
  'application/json',
  'User-Agent',
  'bench',
  'Accept',
  '*/*',
];

async function verifierIn(folder: string, name: string): Promise<Verify> {
  const load = (file: string) => import(pathToFileURL(join(folder, 'src/verify', file)).href);
  const { hmac } = await load('hmac.ts');
  const { [name]: preset } = await load(`presets/${name}/preset.ts`);
  return hmac(preset.forms ?? preset.hmac, { secrets: [SECRET], allowSha1: false, toleranceSeconds: 300 });
}

function nanoseconds(verify: Verify, rawHeaders: readonly string[]): number {
  const head = {
    receivedAt: Number(SECONDS) * 1_000,
    address: undefined,
    query: '',
    rawHeaders: [...USUAL, ...rawHeaders],
  };
  const before = process.cpuUsage();
  for (let at = 0; at < VERIFICATIONS; at++) verify(head)(BODY);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / VERIFICATIONS;
}

const folders = [join(import.meta.dirname, '..'), ...process.argv.slice(2)];
for (const [name, rawHeaders] of Object.entries(HEADERS)) {
  const verifiers = await Promise.all(folders.map((folder) => verifierIn(folder, name)));
  const taken = folders.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, verify] of verifiers.entries()) taken[at]?.push(nanoseconds(verify, rawHeaders));
  }
  const said = taken.map((its, at) => `${(median(its) / 1_000).toFixed(2)} µs in ${folders[at]}`);
  process.stdout.write(`${name.padEnd(10)} ${said.join(', ')}\n`);
}
