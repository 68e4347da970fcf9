/**
 * The process of resident.ts: runs one command after another, each with an environment of its own, and answers with what it
 * has written and its exit code. Where a command would end the process, it ends alone.
 */
import { main } from '../../src/ops/main.ts';
import type { Asked, Said } from './resident.ts';

class Exit extends Error {}

let chunks: Buffer[] = [];
const write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
  chunks.push(Buffer.from(chunk));
  for (const callback of [encoding, done]) if (typeof callback === 'function') callback();
  return true;
};
for (const stream of [process.stdout, process.stderr]) {
  stream.write = write;
  // Each command listens to its errors.
  stream.setMaxListeners(0);
}
process.exit = (code) => {
  process.exitCode = code ?? process.exitCode ?? 0;
  throw new Exit();
};

async function obey({ args, env, cwd }: Asked): Promise<Said> {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.exitCode = 0;
  chunks = [];
  await main(args).catch((error: unknown) => {
    if (!(error instanceof Exit)) throw error;
  });
  const code = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return { code, output: Buffer.concat(chunks).toString() };
}

let last: Promise<unknown> = Promise.resolve();
process.on('message', (asked: Asked) => {
  last = last.then(() => obey(asked)).then((said) => process.send?.({ ...said, id: asked.id }));
});
