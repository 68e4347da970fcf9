/**
 * `consignee detect`: says how the sender of a captured request signs, from the request and its secret: which preset it is, or a
 * preset to paste. It needs no service and sends nothing. It shows no secret, and no digest that it has computed.
 */
import { parseArgs } from 'node:util';
import { secretsInFile } from '../base/settings/secrets.ts';
import { counted } from '../base/words.ts';
import { prefixOf } from '../serve/config/source.ts';
import { signsUrl } from '../verify/form/reading.ts';
import { isSha1, placeName, type SignatureForm } from '../verify/form/vocabulary.ts';
import { presets } from '../verify/presets-by-name.ts';
import { headerLines } from '../verify/verifier.ts';
import { readCaptured, readNamed } from './detect/captured.ts';
import { cluesIn, presetText } from './detect/clues.ts';
import { type Guess, guessOf, refusedBecause } from './detect/guess.ts';
import { FormSearch, type Found } from './detect/search.ts';
import { misused, say, sayProse, TEXT } from './terminal.ts';

export const usage = `Usage: consignee detect --secret-file FILE --request FILE [--public-url URL]

  Says how the sender of a captured request signs: which preset it is, or a
  preset to paste. It needs no running service, and sends nothing anywhere.

  --secret-file FILE  secrets as the provider shows them, one a line, or its
                      public key
  --previous FILE     secrets to try after those
  --request FILE      a raw HTTP request, a curl command or a HAR file, or -
                      for standard input
  --public-url URL    the URL that is registered there, if it is another one

  It exits with 0 if it has found the form, 1 if not, 64 if it is used wrongly.
`;
/** For all secrets together: some seconds. */
const BYTES_MOST = 1_500_000_000;
/** By what providers call them, the surest first. A thing's own id would make its second event a duplicate. */
const IDS = [
  /(event|notification)[-_.]?(uu)?id$/i,
  /:(uu)?id$/i,
  /(delivery|message|webhook)[-_]?(u?u?id)?$/i,
];
const TYPES = [/event[-_.]?(type|name)$/i, /:type$/i, /[:.-](topic|event|action|kind)$/i];
/** Words in the name of a header that are no provider's. */
const NO_NAME =
  /^(x|webhooks?|signature|sign|sig|hmac|hub|sha\d*|body|authorization|request|hook|auth|v\d|primary)$/i;

export async function run(args: string[]): Promise<number> {
  let asked: ReturnType<typeof readAsked>;
  try {
    asked = readAsked(args);
  } catch (error) {
    return misused((error as Error).message, usage);
  }
  const { captured, secrets } = asked;
  const guesses = secrets.map((secret) => guessOf(asked, secret));
  const { length } = captured.body;
  sayProse(
    `The body has ${counted(length, 'byte')}. Delete the request afterwards: it may hold credentials.`,
  );
  const [said = length] = headerLines(captured.rawHeaders, 'content-length');
  // It may be anything.
  if (Number(said) !== length) say(`Its Content-Length says ${Number(said)}: the body is not what was sent.`);
  let trials = 0;
  for (const [at, guess] of guesses.entries()) {
    const search = new FormSearch(guess, BYTES_MOST / secrets.length);
    const found = search.find();
    trials += search.trials;
    if (!found) continue;
    const which = secrets.length > 1 ? `, with secret ${at + 1} of ${secrets.length}` : '';
    say(`Found${which}, after ${counted(trials, 'trial')}.\n`);
    sayFound(found, guess);
    return 0;
  }
  say(`Nothing fits, after ${counted(trials, 'trial')}.\n`);
  for (const clue of cluesIn(guesses)) sayProse(clue);
  return 1;
}

/** Throws Error if it is not used as it should be, or a file is not what it should be. */
function readAsked(args: string[]) {
  const options = { 'secret-file': TEXT, previous: TEXT, request: TEXT, 'public-url': TEXT, config: TEXT };
  const { request, 'public-url': publicUrl, ...files } = parseArgs({ args, options }).values;
  const named = [files['secret-file'], files.previous].filter((file) => file !== undefined);
  if (files['secret-file'] === undefined || request === undefined)
    throw new Error('it wants --secret-file and --request');
  if (publicUrl !== undefined && !URL.canParse(publicUrl)) throw new Error('--public-url is no URL');
  const secrets = named.flatMap((file) => secretsInFile(readNamed(file).toString()).filter(Boolean));
  if (secrets.length === 0) throw new Error(`${named[0]} has no secret`);
  const captured = readCaptured(request === '-' ? readNamed(0, 'standard input') : readNamed(request));
  return { captured, secrets, publicUrl: publicUrl ?? captured.url };
}

function sayFound({ presets: [preset, ...twins], forms }: Found, guess: Guess): void {
  const [form, ...more] = forms as [SignatureForm, ...SignatureForm[]];
  const name = preset?.name ?? nameFor(form);
  const setting = prefixOf(name);
  const taken = preset ? forms : [form];
  const better = preset ? forms.filter((one) => !isSha1(one)) : [];
  const late = refusedBecause(guess, taken, 0);
  const alike = twins.map((twin) => twin.name).join(', ');
  if (preset) say(`It is the preset ${name}:\n\n  consignee add ${name}\n`);
  else say(`It is no preset. ${linesToPaste(form, guess)}\n`);
  if (alike) sayProse(`These sign alike, so take the one that sends: ${alike}.`);
  if (!preset) for (const other of more.slice(0, 4)) say(`This fits, too: ${presetText(other)}`);
  sayProse(`Set ${setting}_WEBHOOK_SECRET to the secret, or ${setting}_WEBHOOK_SECRET_FILE to its file.`);
  if (better.length > 0 && refusedBecause(guess, better))
    sayProse(
      `It came with SHA-1 alone, where ${name} can do better:\nhave it send SHA-256, or set ${setting}_ALLOW_SHA1=true.`,
    );
  if (taken.some(signsUrl)) sayProse(`The URL is signed: ${setting}_PUBLIC_URL is what is registered there.`);
  if (late) sayProse(`\nThis request is not fresh: ${late}. The service takes only what is in time.`);
}

function nameFor(form: SignatureForm): string {
  const words = placeName(form.in).split(/^body.*|[^a-z\d]+/i);
  const name = words.find((word) => /^[a-z]/i.test(word) && !NO_NAME.test(word))?.toLowerCase() ?? 'provider';
  return name in presets || name === 'provider' ? `my${name}` : name;
}

function linesToPaste(form: SignatureForm, { texts }: Guess): string {
  const name = nameFor(form);
  const [id, type] = [IDS, TYPES].map((patterns) => {
    const [found] = patterns.flatMap((pattern) => texts.filter((text) => pattern.test(text.name)));
    return found ? ['member' in found.in ? found.in.member.split('.') : found.in] : [];
  });
  return `Put this into config/sources.ts, above its list of sources:

const ${name} = custom({
  name: '${name}',
  forms: [${presetText(form)}],
  id: ${presetText(id)},
  type: ${presetText(type)},
});

and this into the list:

  { preset: ${name}, handlers: { log } },

The file must import custom and log from 'consignee', beside what it imports
already.
${id?.length ? 'Places of id and type are guesses: the id must be another one for each event,\nor [].' : 'No id was found: unless you name its place, events are told apart by the digest\nof the body.'}`;
}
