/**
 * `consignee send`: delivers samples, genuinely signed with the settings that the service verifies with. It exits with 0
 * only if every answer was 200.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { SourceConfig } from '../serve/config/source.ts';
import { proveBody } from '../verify/checks.ts';
import { makeSample, sampleNames } from '../verify/presets/samples.ts';
import { readSettings } from './settings.ts';
import { columns, FLAG, misused, say, TEXT } from './terminal.ts';

export const usage = `Usage: npm run send -- <source> [--sample NAME] [--file BODY] [--count N] [--to URL]
       npm run send -- --all

  --sample NAME  another sample than the source's first; a wrong name lists them
  --file BODY    send the bytes of this file instead
  --count N      so many, one after the other; samples get fresh ids each time
  --to URL       another receiver than the one of these settings, as in https://hooks.example.com
  --all          one of each source that is on
`;
const TIMEOUT_MS = 10_000;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      to: TEXT,
      sample: TEXT,
      file: TEXT,
      count: { ...TEXT, default: '1' },
      all: FLAG,
      config: TEXT,
    },
  });
  const { config } = await readSettings(values.config);
  const on = config.sources.filter(({ schemes }) => schemes.length > 0);
  const chosen = values.all ? on : config.sources.filter(({ name }) => positionals.includes(name));
  const mistake = mistakeInSend(chosen, on, positionals, values);
  if (mistake) return misused(mistake, usage);
  const base = values.to ?? `http://127.0.0.1:${config.port}`;
  const file = values.file === undefined ? undefined : readFileSync(values.file);
  const least = [Math.max(...config.sources.map(({ name }) => name.length))];
  let failed = 0;
  for (const source of chosen) {
    const sample = values.sample ?? source.preset.sample ?? '';
    for (let sent = 0; sent < Number(values.count); sent++) {
      const { status, answer, ms } = await deliver(source, file ?? makeSample(source.preset, sample), base);
      const cells = [source.name, values.file ?? sample, status, answer, `${ms} ms`];
      for (const line of columns([cells], { least })) say(line);
      if (status !== '200') failed++;
    }
  }
  return failed === 0 ? 0 : 1;
}

function mistakeInSend(
  chosen: readonly SourceConfig[],
  on: readonly SourceConfig[],
  asked: readonly string[],
  values: { sample?: string | undefined; file?: string | undefined; count: string },
): string | undefined {
  const names = on.map(({ name }) => name).join(', ') || 'none: set a secret first, or run `npm run dev`';
  if (chosen.length === 0 || (asked.length > 0 && chosen.length !== new Set(asked).size)) {
    return `name a source; those that are on: ${names}`;
  }
  const off = chosen.find(({ schemes }) => schemes.length === 0);
  if (off) return `${off.name} is off; those that are on: ${names}`;
  if (!/^[1-9]\d{0,5}$/.test(values.count)) return '--count wants a whole number from 1 to 999999';
  for (const { preset } of chosen) {
    const known = sampleNames(preset);
    if (known.length === 0 && values.file === undefined) {
      return `${preset.name} has no samples: name a file with a body, as in --file body.json`;
    }
    if (values.sample !== undefined && !known.includes(values.sample)) {
      return `${preset.name} has no sample ${values.sample}; it has ${known.join(', ')}`;
    }
  }
  return undefined;
}

async function deliver(source: SourceConfig, body: Buffer, base: string) {
  const started = performance.now();
  const outcome = (status: string, answer: string) => {
    return { status, answer, ms: (performance.now() - started).toFixed(1) };
  };
  try {
    const url = new URL(source.path, base);
    const proof = await proveBody(source, body, Date.now());
    for (const [name, value] of Object.entries(proof.query)) url.searchParams.set(name, value);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...proof.headers },
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'manual',
    });
    return outcome(String(response.status), (await response.text()).slice(0, 300));
  } catch (error) {
    const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    const hint =
      cause.code === 'ECONNREFUSED' ? ` Nothing listens at ${base}: is \`npm run dev\` running?` : '';
    return outcome('---', `${cause.message || cause.code || 'no answer'}.${hint}`);
  }
}
