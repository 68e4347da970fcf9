/**
 * `consignee events verify`: checks that stored events are still what was received. A verb of events.ts.
 *
 * The bytes must have the digest that was recorded when they came. Where the signature was kept and its secret is still live,
 * it must still be the signature of the bytes. Exit 1 if one of the two is not so.
 */
import { hash } from 'node:crypto';
import { idOf } from '../inbox/event-id.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { EventEvidence } from '../inbox/summary.ts';
import type { Config } from '../serve/config/config.ts';
import { SECRET_ROWS } from '../verify/checks.ts';
import { fingerprintOf } from '../verify/fingerprint.ts';
import { type Fingerprints, readFingerprints } from './secret/slots.ts';
import { complain, say, sayJson } from './terminal.ts';

const PAGE = 1_000;

interface Soundness {
  readonly bytes: 'hold' | 'DIFFER';
  readonly signature:
    | 'holds'
    | 'FAILS'
    | 'none kept'
    | 'secret not live'
    | 'its key was fetched'
    | 'a credential was cut out';
}

export async function verify(
  reader: InboxReader,
  numbers: readonly number[],
  config: Config,
  { all, json }: { readonly all: boolean; readonly json: boolean },
): Promise<number> {
  const fingerprints = await readFingerprints(reader);
  let [events, failed, signatures] = [0, 0, 0];
  for await (const number of all ? everyNumber(reader) : numbers) {
    const evidence = await reader.evidence(number);
    if (!evidence && !all)
      return complain(`${idOf(number)} is not in this inbox, or its body has been purged`);
    if (!evidence) continue;
    const soundness = judgeStored(evidence, config, fingerprints);
    const fails = soundness.bytes === 'DIFFER' || soundness.signature === 'FAILS';
    events++;
    if (fails) failed++;
    if (soundness.signature === 'holds') signatures++;
    if (json) sayJson({ id: idOf(number), ...soundness });
    else if (fails || !all) say(describeStored(number, evidence, soundness));
  }
  const received = `${events} events: the bytes of ${events - failed} are what was received`;
  if (all && !json) say(`${received}; ${signatures} signatures checked again.`);
  return failed === 0 ? 0 : 1;
}

async function* everyNumber(reader: InboxReader): AsyncGenerator<number> {
  for (let after = 0; ; ) {
    const numbers = await reader.numbers(after, PAGE);
    yield* numbers;
    if (numbers.length < PAGE) return;
    after = numbers.at(-1) as number;
  }
}

function judgeStored(evidence: EventEvidence, config: Config, fingerprints: Fingerprints): Soundness {
  const { digest, body, proofs, receivedAt } = evidence;
  const bytes = hash('sha256', body, 'buffer').equals(digest) ? 'hold' : 'DIFFER';
  const source = config.sources.find(({ name }) => name === evidence.source);
  const proof = proofs.find(({ signature }) => signature !== undefined);
  const row = SECRET_ROWS.find(({ name }) => name === proof?.scheme);
  if (!proof || !source || !row?.recheck) return { bytes, signature: 'none kept' };
  // Events from before there were keys have the plain one.
  const isIts = (live: string) => [fingerprints(live), fingerprintOf(live)].includes(proof.secret);
  const secret = source.secrets[row.name]?.find(isIts);
  if (secret === undefined) {
    const isFetched = source.secrets[row.name]?.length === 0;
    return { bytes, signature: isFetched ? 'its key was fetched' : 'secret not live' };
  }
  if (row.recheck(proof, secret, body, receivedAt, source)) return { bytes, signature: 'holds' };
  // The signature is over the bytes received, and what is stored lacks that member.
  if (source.preset.cut !== undefined && bytes === 'hold')
    return { bytes, signature: 'a credential was cut out' };
  return { bytes, signature: 'FAILS' };
}

function describeStored(
  number: number,
  { proofs, address, receivedAt }: EventEvidence,
  { bytes, signature }: Soundness,
): string {
  const by = proofs.map(({ scheme, secret, form, wouldRefuse }) => {
    if (wouldRefuse !== undefined) return `${scheme} (only observed) would have refused it: ${wouldRefuse}`;
    return [scheme, form, secret === undefined ? '' : `secret ${secret}`].filter(Boolean).join(' ');
  });
  return [
    `${idOf(number)}  bytes ${bytes}, signature: ${signature}`,
    `  from ${address} at ${new Date(receivedAt).toISOString()}`,
    ...by.map((line) => `  ${line}`),
  ].join('\n');
}
