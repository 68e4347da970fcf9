/**
 * `consignee send`: delivers samples, genuinely signed with the settings that the service verifies with. It exits with 0
 * only if every answer was good. With --all, sources to which nobody here can send anything are skipped.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { likelyTypeOf } from '../base/form-text.ts';
import type { SourceConfig } from '../serve/config/source.ts';
import { formSecretsOf, proveBody } from '../verify/checks.ts';
import {
  type MemberChange,
  MemberError,
  makeSample,
  sampleHeaders,
  sampleNames,
} from '../verify/presets/samples.ts';
import { keyHostsOf } from '../verify/switches.ts';
import { readSettings } from './settings.ts';
import { columns, FLAG, misused, say, TEXT } from './terminal.ts';

export const usage = `Usage: npm run send -- <source> [--sample NAME] [--set MEMBER=VALUE]
                        [--file BODY] [--count N] [--to URL]
       npm run send -- --all

  --sample NAME       another sample than the source's first; a wrong name
                      lists them
  --set MEMBER=VALUE  a member of the sample, as in data.tracking_number=1Z999;
                      may be given several times
  --file BODY         send the bytes of this file instead
  --count N           so many, one after the other; samples get fresh ids and
                      tracking numbers each time
  --to URL            another receiver than the one of these settings, as in
                      https://hooks.example.com/prefix: the source's path
                      comes behind it
  --all               one of each source that is on and has a sample
`;
const TIMEOUT_MS = 10_000;
/** Where an answer says little to a stranger, and we know more. */
const HINTS: Readonly<Record<number, string>> = {
  403: '. The log of the service says why.',
  404: '. Has the service been started since the source was added?',
};
/** In place of a status. */
const UNSENT = '---';
const NO_SAMPLE =
  'has no sample: name a file with a body as it sends them (JSON, a form, XML) with --file BODY';

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      to: TEXT,
      sample: TEXT,
      file: TEXT,
      set: { ...TEXT, multiple: true, default: [] },
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
  const base = new URL(values.to ?? `http://127.0.0.1:${config.port}`);
  const changes = values.set.map(changeIn);
  const file = values.file === undefined ? undefined : readFileSync(values.file);
  const least = [Math.max(...config.sources.map(({ name }) => name.length))];
  let failed = 0;
  for (const source of chosen) {
    const sample = values.sample ?? source.preset.sample ?? '';
    for (let sent = 0; sent < Number(values.count); sent++) {
      const body = file ?? (sample === '' ? undefined : makeSample(source.preset, sample, changes));
      const missing = whatIsMissing(source, body);
      if (missing !== undefined && values.all) {
        for (const line of columns([[source.name, `skipped: ${missing}`]], { least })) say(line);
        break;
      }
      const { status, answer, ms } = await deliver(
        source,
        base,
        body,
        file ? {} : sampleHeaders(source.preset, sample),
      );
      const time = status === UNSENT ? [] : [`${ms} ms`];
      const cells = [source.name, values.file ?? (sample || '-'), status, answer, ...time];
      for (const line of columns([cells], { least })) say(line);
      if (status !== String(source.preset.answer?.status ?? 200)) failed++;
    }
  }
  return failed === 0 ? 0 : 1;
}

function mistakeInSend(
  chosen: readonly SourceConfig[],
  on: readonly SourceConfig[],
  asked: readonly string[],
  values: SendOptions,
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
    if (known.length === 0 && values.file === undefined && !values.all) {
      return `${preset.name} ${NO_SAMPLE}`;
    }
    if (values.sample !== undefined && !known.includes(values.sample)) {
      return `${preset.name} has no sample ${values.sample}; it has ${known.join(', ')}`;
    }
  }
  return mistakeInTo(values.to) ?? mistakeInSet(chosen, values);
}

interface SendOptions {
  readonly sample?: string | undefined;
  readonly file?: string | undefined;
  readonly to?: string | undefined;
  readonly count: string;
  readonly all: boolean;
  readonly set: readonly string[];
}

function mistakeInTo(to: string | undefined): string | undefined {
  if (to === undefined || /^https?:$/.test(URL.parse(to)?.protocol ?? '')) return undefined;
  return `--to is ${to}; use a URL, as in https://hooks.example.com/prefix`;
}

function mistakeInSet(
  chosen: readonly SourceConfig[],
  { set, file, sample }: SendOptions,
): string | undefined {
  const odd = set.find((one) => !/^[^=.]+(\.[^=.]+)*=/.test(one));
  if (odd !== undefined) return `--set is ${odd}; use MEMBER=VALUE, as in data.tracking_number=1Z999`;
  if (set.length === 0) return undefined;
  if (file !== undefined) return '--set is for samples: --file sends its bytes as they are';
  try {
    for (const { preset } of chosen) makeSample(preset, sample ?? preset.sample ?? '', set.map(changeIn));
    return undefined;
  } catch (error) {
    if (error instanceof MemberError) return error.message;
    throw error;
  }
}

function changeIn(text: string): MemberChange {
  const at = text.indexOf('=');
  return { path: text.slice(0, at), value: text.slice(at + 1) };
}

/** What nobody here has, without which nothing can be sent. */
function whatIsMissing(source: SourceConfig, body: Buffer | undefined): string | undefined {
  if (keyHostsOf(source).length > 0) return 'the provider alone has the key that signs; have it send a test';
  if (source.takesSecrets && formSecretsOf(source).length === 0)
    return 'it waits for the secret that its provider sends';
  return body ? undefined : 'it has no sample';
}

async function deliver(
  source: SourceConfig,
  base: URL,
  body: Buffer | undefined,
  said: Readonly<Record<string, string>>,
) {
  const started = performance.now();
  const outcome = (status: string, answer: string) => {
    return { status, answer, ms: (performance.now() - started).toFixed(1) };
  };
  try {
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/$/, '')}${source.path}`;
    const missing = whatIsMissing(source, body);
    if (missing !== undefined || !body) throw new TypeError(missing);
    const proof = await proveBody(source, body, Date.now());
    for (const [name, value] of Object.entries(proof.query)) url.searchParams.set(name, value);
    const headers = new Headers({ 'Content-Type': likelyTypeOf(body), ...said });
    // Some sign the id that is in a header.
    for (const [name, value] of Object.entries(proof.headers)) headers.set(name, value);
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'manual',
    });
    const answer = (await response.text()).slice(0, 300);
    return outcome(String(response.status), `${answer}${HINTS[response.status] ?? ''}`);
  } catch (error) {
    const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    if (cause.code === 'ECONNREFUSED')
      return outcome(UNSENT, `nothing listens at ${base.origin}: is \`npm run dev\` running?`);
    return outcome(UNSENT, `${cause.message || cause.code || 'no answer'}.`);
  }
}
