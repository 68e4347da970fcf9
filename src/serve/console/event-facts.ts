/** All that is known of one event, for its page: also how it was proved, and the history of what it is about. */
import { iso } from '../../base/times.ts';
import { numberOf } from '../../inbox/event-id.ts';
import type { RelatedEvents } from '../../inbox/story.ts';
import type { EventDetails } from '../../inbox/summary.ts';
import { fingerprintOf, keyFingerprint } from '../../verify/fingerprint.ts';
import type { StateShape } from '../../verify/preset.ts';
import type { Proof } from '../../verify/verifier.ts';
import type { Config } from '../config/config.ts';
import { judgeStored, type Soundness } from '../stored-proofs.ts';
import { BODY_FORMS, type BodyText, bodyText } from './body-text.ts';
import { PageError, type PageRequest, type PageSource, type Saved } from './page.ts';

export interface OneEvent {
  readonly id: string;
  readonly number: number;
  readonly receivedAt: string;
  readonly isPurged: boolean;
  /** Null once it is purged. */
  readonly event: Omit<EventDetails, 'body'> | null;
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly proofs: readonly Pick<Proof, 'scheme' | 'secret' | 'form' | 'wouldRefuse'>[];
  readonly soundness: Soundness | null;
  readonly duplicates: { readonly count: number; readonly lastAt: string } | null;
  readonly related: readonly RelatedEvents[];
  readonly body: BodyText | null;
  /** How to send the same again from a terminal. */
  readonly commands: { readonly send: string; readonly curl: string } | null;
  /** Those that it may go to. */
  readonly handlers: readonly string[];
}

export async function readEvent(from: PageSource, { params, query }: PageRequest): Promise<OneEvent> {
  const number = numberOfId(params.id);
  const config = from.config();
  const found = await from.reading.ask('story', number, statesIn(config));
  if (!found) throw new PageError(404, 'there is no such event in this inbox');
  const soundness = query.get('verify') ? await judgeNow(from, number) : null;
  if ('purged' in found) {
    const { id, receivedAt } = found;
    const nothing = {
      keys: {},
      proofs: [],
      duplicates: null,
      related: [],
      body: null,
      commands: null,
      handlers: [],
    };
    return { id, number, receivedAt, isPurged: true, event: null, soundness, ...nothing };
  }
  const { event, bodyStart, proofs, keys, related } = found;
  const { id, receivedAt, bytes } = event;
  const source = config.sources.find(({ name }) => name === event.source);
  const form = BODY_FORMS.find((name) => name === query.get('body')) ?? 'pretty';
  return {
    ...{ id, number, receivedAt, event, keys, soundness, related },
    isPurged: bodyStart === null,
    proofs: proofs.map(shownProof),
    duplicates: found.duplicates
      ? { count: found.duplicates.count, lastAt: iso(found.duplicates.lastAt) }
      : null,
    body: bodyStart && bodyText(bodyStart, bytes ?? 0, form),
    commands: bodyStart && source ? commandsFor(event, source.path, config.port) : null,
    handlers: source?.routes.map(({ handler }) => handler) ?? [],
  };
}

/** Without the signature. */
function shownProof({ scheme, secret, form, wouldRefuse }: Proof): OneEvent['proofs'][number] {
  return {
    scheme,
    ...(secret !== undefined && { secret }),
    ...(form !== undefined && { form }),
    ...(wouldRefuse !== undefined && { wouldRefuse }),
  };
}

/** Null once its body is purged. */
async function judgeNow({ inbox, reading, config }: PageSource, number: number): Promise<Soundness | null> {
  const [key, evidence] = await Promise.all([inbox.fingerprintKey(), reading.ask('evidence', number)]);
  if (!evidence) return null;
  return judgeStored(evidence, config(), (secret) => keyFingerprint(key, fingerprintOf(secret)));
}

function statesIn({ sources }: Config): Map<string, StateShape> {
  return new Map(
    sources.flatMap(({ name, preset }) => (preset.state ? [[name, preset.state] as const] : [])),
  );
}

function numberOfId(id = ''): number {
  const number = numberOf(id);
  if (number === undefined)
    throw new PageError(404, 'that is not the id of an event; they look like evt_0c5f2a9b3d4e01');
  return number;
}

/** The bytes as they came. */
export async function readSavedBody({ reading }: PageSource, { params }: PageRequest): Promise<Saved> {
  const number = numberOfId(params.id);
  const evidence = await reading.ask('evidence', number);
  if (!evidence)
    throw new PageError(404, 'there is no such event in this inbox, or its body has been purged');
  return { name: `${params.id}.body`, content: evidence.body };
}

/** For a terminal: the word in quotes, if it needs them. */
function quoted(word: string): string {
  return /^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const NOT_SENT = ['content-length', 'host', 'connection', 'accept-encoding', 'transfer-encoding'];

/** From the file that was saved; the service wants a signature, and `send` makes one. */
function commandsFor({ id, source, headers }: Omit<EventDetails, 'body'>, path: string, port: number) {
  const sent = Object.entries(headers ?? {}).filter(([name]) => !NOT_SENT.includes(name));
  const options = sent.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const curl = ['curl -X POST', ...options, `--data-binary @${id}.body`, `http://localhost:${port}${path}`];
  return { send: `consignee send ${source} --file ${id}.body`, curl: curl.join(' \\\n  ') };
}
