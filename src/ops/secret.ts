/**
 * `consignee secret`: makes secrets, shows which are live, and leads through changing one. A secret is never an argument and
 * never shown: a mask and a fingerprint tell secrets apart. Exit 2 if `rotate` has waited in vain.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { counted } from '../base/words.ts';
import { type Arrived, takeArrived } from '../serve/arrived.ts';
import { type KnownSecrets, readKnown, sayUse } from '../serve/check/known-secrets.ts';
import { type Age, ageOf, nameOfSecret, secretSchemesOf, usedSlots } from '../serve/check/slots.ts';
import type { SourceConfig } from '../serve/config/source.ts';
import { bringsSecret } from '../verify/handshake.ts';
import type { SecretScheme } from '../verify/schemes.ts';
import { rotate } from './secret/rotate.ts';
import { readSettings, type Settings, sound } from './settings.ts';
import { FLAG, misused, say, sayProse, TEXT } from './terminal.ts';

export const usage = `Usage: npm run secret -- <verb>

  generate [--standard-webhooks]  print a fresh secret: 64 hexadecimal digits,
                                  or the whsec_ form
  show [SOURCE]                   live secrets, masked: where they stand, their
                                  age, their last use
  take SOURCE                     what the provider's handshake has brought,
                                  shown once and removed here
  rotate SOURCE [--wait SECONDS]  how to change it there and here; waits until
                                  the new one is used (600)

Exit 2 if the time is over before a delivery was proved with a new secret.
`;
const VERBS = ['generate', 'show', 'take', 'rotate'];
const WAIT_SECONDS_MOST = 604_800;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'standard-webhooks': FLAG, wait: { ...TEXT, default: '600' }, config: TEXT },
  });
  const [verb = '', ...names] = positionals;
  if (!VERBS.includes(verb)) return misused(`secret wants a verb: ${VERBS.join(', ')}`, usage);
  if (verb === 'generate') {
    const secret = randomBytes(32);
    say(values['standard-webhooks'] ? `whsec_${secret.toString('base64')}` : secret.toString('hex'));
    return 0;
  }
  const read = () => readSettings(values.config);
  const settings = sound(await read());
  const { sources, database, dataDir } = settings.config;
  const mistake = mistakeInSecret(verb, names, sources, values.wait);
  if (mistake) return misused(mistake, usage);
  if (verb === 'rotate') {
    const [source = ''] = names;
    return (await rotate({ source, waitMs: Number(values.wait) * 1000, read, say })) ? 0 : 2;
  }
  if (verb === 'take') {
    const source = sources.find(({ name }) => name === names[0]) as SourceConfig;
    for (const line of takeLines(source, takeArrived(dataDir, source.name))) sayProse(line);
    return 0;
  }
  const shown = sources.filter(({ name }) => names.length === 0 || names.includes(name));
  const known = await readKnown(database);
  for (const line of showSecrets(shown, { settings, known, now: Date.now() })) say(line);
  return 0;
}

function mistakeInSecret(
  verb: string,
  names: readonly string[],
  sources: readonly SourceConfig[],
  wait: string,
): string | undefined {
  const known = sources.map(({ name }) => name).join(', ');
  const unknown = names.find((given) => !sources.some(({ name }) => name === given));
  // A word that is no source's name may be a secret that was pasted here, so it is not repeated.
  if (unknown !== undefined) return `that is not a source; they are ${known}`;
  if (verb === 'show') return undefined;
  if (names.length !== 1) return `${verb} wants one source, of ${known}`;
  if (verb === 'take') return undefined;
  const source = sources.find(({ name }) => name === names[0]);
  if (!source || secretSchemesOf(source).length === 0) return `${names[0]} has no live secret to change`;
  if (!/^\d{1,6}$/.test(wait) || Number(wait) > WAIT_SECONDS_MOST) {
    return `--wait wants seconds, from 0 to ${WAIT_SECONDS_MOST}`;
  }
  return undefined;
}

/** Whoever may send to the endpoint may have sent one: the operator knows when the handshake was started, and from where. */
function takeLines(source: SourceConfig, arrived: readonly Arrived[]): string[] {
  const { name, prefix, preset, takesSecrets } = source;
  if (arrived.length === 0) {
    const fix =
      takesSecrets || !bringsSecret(preset)
        ? ''
        : ` Nothing is taken before ${prefix}_VERIFY=handshake is set.`;
    return [`Nothing has arrived for ${name}.${fix}`];
  }
  return [
    ...arrived.map(({ at, address, what, text }) => `${at}  ${address}  ${what}\n  ${text}`),
    'This was shown once, and is kept nowhere here any more. Take what came when you started the handshake, from an address of the provider.',
    `A secret goes into ${prefix}_WEBHOOK_SECRET; then take handshake out of ${prefix}_VERIFY, or remove that line.`,
  ];
}

interface ShowOptions {
  readonly settings: Settings;
  readonly known: KnownSecrets;
  readonly now: number;
}

/** Says for each live secret where it stands, how old it is, and when it was last used. */
export function showSecrets(sources: readonly SourceConfig[], options: ShowOptions): string[] {
  return sources.flatMap((source) => {
    const schemes = secretSchemesOf(source);
    if (schemes.length === 0) return [`${source.name}  no live secret`];
    return schemes.flatMap((scheme) => showScheme(source, scheme, options));
  });
}

function showScheme(source: SourceConfig, scheme: SecretScheme, { settings, known, now }: ShowOptions) {
  const { environment } = settings;
  const slots = usedSlots(source, scheme, environment, known, now);
  const lines = slots.map(({ slot, use, mayGo }) => {
    const parts = [
      slot.label.padEnd(8),
      nameOfSecret(slot.value, known.fingerprints),
      ...(slot.isCurrent ? [sayAge(ageOf(slot, environment, now))] : []),
      sayUse(use, now),
      ...(mayGo ? ['safe to remove'] : []),
    ];
    return `  ${parts.join('  ')}`;
  });
  const current = slots[0]?.slot;
  const where = current?.file === undefined ? '' : ` in ${current.file}`;
  return [`${source.name}  ${scheme}  ${current?.variable ?? ''}${where}`, ...lines];
}

function sayAge(age: Age): string {
  return typeof age === 'string' ? 'age not known' : `${counted(age.days, 'day')} old by ${age.by}`;
}
