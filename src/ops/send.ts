/**
 * `consignee send`: delivers samples, genuinely signed with the settings that the service verifies with. It exits with 0
 * only if every answer was 200.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { SourceConfig } from '../serve/config/source.ts';
import { proveBody } from '../verify/checks.ts';
import { makeSample, sampleNames } from '../verify/presets/samples.ts';
import { readSettings, usesDotenv } from './settings.ts';
import { columns, misused, say, widthsOf } from './terminal.ts';

export const usage = `Usage: npm run send -- <source> [--sample NAME] [--file BODY] [--count N] [--to URL]
       npm run send -- --all

  --sample NAME  another sample than the source's first; a wrong name lists them
  --file BODY    send the bytes of this file instead
  --count N      so many, one after the other; samples get fresh ids each time
  --to URL       another receiver than the one of these settings, as in https://hooks.example.com
  --all          one of each source that is on
`;
const TIMEOUT_MS = 10_000;

interface Mailing {
  readonly source: SourceConfig;
  readonly label: string;
  readonly body: () => Buffer;
}

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      sample: { type: 'string' },
      file: { type: 'string' },
      count: { type: 'string', default: '1' },
      all: { type: 'boolean', default: false },
      config: { type: 'string' },
    },
  });
  const { config } = await readSettings(values.config, usesDotenv());
  const on = config.sources.filter(({ schemes }) => schemes.length > 0);
  const chosen = values.all ? on : config.sources.filter(({ name }) => positionals.includes(name));
  const mistake = mistakeInSend(chosen, on, positionals, values);
  if (mistake) return misused(mistake, usage);
  const base = values.to ?? `http://127.0.0.1:${config.port}`;
  let failed = 0;
  const mailings = chosen.map((source) => mailingFor(source, values.sample, values.file));
  const least = widthsOf(config.sources.map(({ name }) => [name]));
  for (const mailing of mailings) {
    for (let sent = 0; sent < Number(values.count); sent++) {
      const { isTaken, cells } = await sendSample(mailing, base);
      for (const line of columns([cells], { least })) say(line);
      failed += isTaken ? 0 : 1;
    }
  }
  return failed === 0 ? 0 : 1;
}

function mistakeInSend(
  chosen: readonly SourceConfig[],
  on: readonly SourceConfig[],
  asked: readonly string[],
  values: { sample?: string | undefined; count: string },
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
    if (values.sample !== undefined && !known.includes(values.sample)) {
      return `${preset.name} has no sample ${values.sample}; it has ${known.join(', ')}`;
    }
  }
  return undefined;
}

function mailingFor(source: SourceConfig, sample: string | undefined, file: string | undefined): Mailing {
  if (file !== undefined) {
    const bytes = readFileSync(file);
    return { source, label: file, body: () => bytes };
  }
  const name = sample ?? source.preset.sample;
  return { source, label: name, body: () => makeSample(source.preset, name) };
}

async function sendSample({ source, label, body }: Mailing, base: string) {
  const bytes = body();
  const started = performance.now();
  const shown = (status: string, answer: string) => {
    const ms = (performance.now() - started).toFixed(1);
    return { isTaken: status === '200', cells: [source.name, label, status, answer, `${ms} ms`] };
  };
  try {
    const url = new URL(source.path, base);
    const proof = await proveBody(source, bytes, Date.now());
    for (const [name, value] of Object.entries(proof.query)) url.searchParams.set(name, value);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...proof.headers },
      body: new Uint8Array(bytes),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'manual',
    });
    return shown(String(response.status), (await response.text()).slice(0, 300));
  } catch (error) {
    const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    const hint =
      cause.code === 'ECONNREFUSED' ? ` Nothing listens at ${base}: is \`npm run dev\` running?` : '';
    return shown('---', `${cause.message || cause.code || 'no answer'}.${hint}`);
  }
}
