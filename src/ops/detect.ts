/**
 * `consignee detect`: says how the sender of a captured request signs, from the request and its secret: which preset it is, or a
 * preset to paste. It needs no service and sends nothing. It shows no secret, and no digest that it has computed.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { secretsInFile } from '../base/settings/secrets.ts';
import { counted } from '../base/words.ts';
import { prefixOf } from '../serve/config/source.ts';
import { isSha1 } from '../verify/form/vocabulary.ts';
import { headerLines } from '../verify/verifier.ts';
import { type Captured, readCaptured } from './detect/captured.ts';
import { findMistake, likelyForms, otherSchemes } from './detect/clues.ts';
import { type Guess, guessOf, refusedBecause } from './detect/guess.ts';
import { nameFor, presetText, wiringLines } from './detect/paste.ts';
import { FormSearch, type Found } from './detect/search.ts';
import { misused, say, sayProse, TEXT } from './terminal.ts';

export const usage = `Usage: consignee detect --secret-file FILE --request FILE [--public-url URL]

  Says how the sender of a captured request signs: which preset it is, or a
  preset to paste. It needs no running service, and sends nothing anywhere.

  --secret-file FILE  the secret as the provider shows it; or several, one a
                      line; or the provider's public key
  --previous FILE     secrets to try after those
  --request FILE      a raw HTTP request, a curl command (curl -H …
                      --data-binary …) or a HAR file; - is standard input
  --public-url URL    the URL as it is registered at the provider, if that is
                      not the one of the request: some sign it

  It exits with 0 if it has found the form, 1 if not, 64 if it is used wrongly.
`;
/** For all secrets together: some seconds. */
const BYTES_MOST = 1_500_000_000;
const ADVICE = `
- Is it the secret of this endpoint? Most providers have one for each, and others for test and live.
- Is the body what came, byte for byte? A parser, a proxy or an editor changes it: capture it before them.
- Is the URL signed? Then --public-url must be what is registered at the provider.`;

export async function run(args: string[]): Promise<number> {
  let asked: ReturnType<typeof readAsked>;
  try {
    asked = readAsked(args);
  } catch (error) {
    return misused((error as Error).message, usage);
  }
  return detect(asked.captured, asked.secrets, asked.publicUrl);
}

/** Throws Error if it is not used as it should be, or a file is not what it should be. */
function readAsked(args: string[]) {
  const options = { 'secret-file': TEXT, previous: TEXT, request: TEXT, 'public-url': TEXT, config: TEXT };
  const { values } = parseArgs({ args, options });
  const { 'secret-file': file, previous, request, 'public-url': publicUrl } = values;
  if (file === undefined || request === undefined) throw new Error('it wants --secret-file and --request');
  if (publicUrl !== undefined && !URL.canParse(publicUrl)) throw new Error('--public-url is no URL');
  const files = [file, ...(previous === undefined ? [] : [previous])];
  const secrets = files.flatMap((one) => secretsInFile(readFileSync(one, 'utf8'))).filter(Boolean);
  if (secrets.length === 0) throw new Error(`${file} has no secret`);
  return { captured: readCaptured(readFileSync(request === '-' ? 0 : request)), secrets, publicUrl };
}

function detect(captured: Captured, secrets: readonly string[], publicUrl = captured.url): number {
  const { kind, body, rawHeaders } = captured;
  const [length] = headerLines(rawHeaders, 'content-length');
  sayProse(
    `The ${kind} has a body of ${counted(body.length, 'byte')}. Delete it afterwards: it may hold credentials.`,
  );
  if (length !== undefined && Number(length) !== body.length)
    say(`Its Content-Length says ${length}: the body is not what was sent.`);
  const bytesMost = BYTES_MOST / secrets.length;
  const searches = secrets.map((secret) => new FormSearch(guessOf(captured, secret, publicUrl), bytesMost));
  for (const [at, search] of searches.entries()) {
    const found = search.find();
    if (!found) continue;
    const which = secrets.length > 1 ? `, with secret ${at + 1} of ${secrets.length}` : '';
    say(`Found${which}, after ${counted(search.trials, 'trial')}.\n`);
    sayFound(found, search.guess);
    const late = refusedBecause(search.guess, found.presets[0]?.forms ?? found.forms.slice(0, 1), 0);
    if (late) sayProse(`\nThis request is not fresh: ${late}. The service takes only what is in time.`);
    return 0;
  }
  sayUnfound(searches);
  return 1;
}

function sayFound({ presets: [preset, ...twins], forms: [form, ...more] }: Found, guess: Guess): void {
  const name = preset?.name ?? nameFor(form);
  if (preset) say(`It is the preset ${name}:\n\n  consignee add ${name}\n`);
  if (twins.length > 0)
    sayProse(`These sign alike, so take the one that sends: ${twins.map((twin) => twin.name).join(', ')}.`);
  if (form)
    say(
      `It is no preset. Put this into config/sources.ts, above its list of sources:\n\n${wiringLines(form, guess.captured)}\n`,
    );
  for (const other of more) say(`This fits, too: ${presetText(other)}`);
  const setting = prefixOf(name);
  sayProse(
    `The secret goes into ${setting}_WEBHOOK_SECRET, or its file's name into ${setting}_WEBHOOK_SECRET_FILE.`,
  );
  const better = preset?.forms.filter((one) => !isSha1(one)) ?? [];
  if (better.length > 0 && refusedBecause(guess, better))
    sayProse(
      `It came with SHA-1 alone, where ${name} can do better: have it send SHA-256, or set ${setting}_ALLOW_SHA1=true.`,
    );
  if (/\{(url|target)\}/.test(JSON.stringify(preset?.forms ?? form)))
    sayProse(`The URL is signed: ${setting}_PUBLIC_URL is what is registered there.`);
}

function sayUnfound(searches: readonly FormSearch[]): void {
  const trials = searches.reduce((sum, search) => sum + search.trials, 0);
  say(`Nothing fits, after ${counted(trials, 'trial')}.\n`);
  const [mistake] = searches.flatMap(({ guess }) => findMistake(guess) ?? []);
  if (mistake) sayProse(`It would be right for ${mistake.words}. Then it is ${mistake.fits}.`);
  else for (const line of new Set([...searches.flatMap(cluesIn), ADVICE])) say(line);
}

function cluesIn(search: FormSearch): string[] {
  return [...otherSchemes(search.guess), ...likelyForms(search)];
}
