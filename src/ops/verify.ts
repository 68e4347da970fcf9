/**
 * `consignee events verify`: checks that stored events are still what was received. A verb of events.ts.
 *
 * The bytes must have the digest that was recorded when they came. Where the signature was kept and its secret is still live,
 * it must still be the signature of the bytes. Exit 1 if one of the two is not so.
 */
import { iso } from '../base/times.ts';
import { idOf } from '../inbox/event-id.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { EventEvidence } from '../inbox/summary.ts';
import { readFingerprints } from '../serve/check/known-secrets.ts';
import type { Config } from '../serve/config/config.ts';
import { judgeStored, type Soundness } from '../serve/stored-proofs.ts';
import { complain, say, sayJson } from './terminal.ts';

const PAGE = 1_000;

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
    `  from ${address} at ${iso(receivedAt)}`,
    ...by.map((line) => `  ${line}`),
  ].join('\n');
}
