/**
 * `consignee events verify`: whether stored events are still what was received. A verb of events.ts.
 *
 * The bytes must have the digest that was recorded when they came; the signature, where it was kept and its secret is still
 * live, must still be that of the bytes. Exit 1 if one is not.
 */
import { hash } from 'node:crypto';
import { idOf } from '../inbox/event-id.ts';
import type { EventEvidence, InboxReader } from '../inbox/reader.ts';
import type { Config } from '../serve/config/config.ts';
import type { SourceConfig } from '../serve/config/source.ts';
import { fingerprintOf } from '../verify/fingerprint.ts';
import { hmac } from '../verify/hmac.ts';
import type { Proof } from '../verify/verifier.ts';

const PAGE = 1_000;

interface Finding {
  readonly bytes: 'hold' | 'DIFFER';
  readonly signature: 'holds' | 'FAILS' | 'none kept' | 'secret not live' | 'a credential was cut out';
}

export interface VerifyOptions {
  readonly all: boolean;
  readonly json: boolean;
}

export async function verify(
  reader: InboxReader,
  numbers: readonly number[],
  config: Config,
  options: VerifyOptions,
): Promise<number> {
  const counts = { events: 0, failed: 0, signatures: 0 };
  for await (const number of options.all ? everyNumber(reader) : numbers) {
    const evidence = await reader.evidence(number);
    if (!evidence) {
      if (!options.all) return complain(`${idOf(number)} is not in this inbox, or its body has been purged`);
      continue;
    }
    const finding = judge(evidence, config);
    const failed = finding.bytes === 'DIFFER' || finding.signature === 'FAILS';
    counts.events++;
    if (failed) counts.failed++;
    if (finding.signature === 'holds') counts.signatures++;
    if (options.json) say(JSON.stringify({ id: idOf(number), ...finding }));
    else if (failed || !options.all) say(describe(number, evidence, finding));
  }
  if (options.all && !options.json) {
    const { events, failed, signatures } = counts;
    say(
      `${events} events: the bytes of ${events - failed} are what was received; ${signatures} signatures checked again.`,
    );
  }
  return counts.failed === 0 ? 0 : 1;
}

async function* everyNumber(reader: InboxReader): AsyncGenerator<number> {
  for (let after = 0; ; ) {
    const numbers = await reader.numbers(after, PAGE);
    yield* numbers;
    if (numbers.length < PAGE) return;
    after = numbers.at(-1) as number;
  }
}

function judge(evidence: EventEvidence, config: Config): Finding {
  const { digest, body, proofs } = evidence;
  const bytes = hash('sha256', body, 'buffer').equals(digest) ? 'hold' : 'DIFFER';
  const source = config.sources.find(({ name }) => name === evidence.source);
  const proof = proofs.find(({ signature }) => signature !== undefined);
  if (!proof || !source) return { bytes, signature: 'none kept' };
  const secret = source.hmacSecrets.find((live) => fingerprintOf(live) === proof.secret);
  if (secret === undefined) return { bytes, signature: 'secret not live' };
  if (holds(source, secret, proof, evidence)) return { bytes, signature: 'holds' };
  // The signature is over the bytes received, and what is stored lacks that member.
  if (source.preset.cut !== undefined && bytes === 'hold')
    return { bytes, signature: 'a credential was cut out' };
  return { bytes, signature: 'FAILS' };
}

function holds({ preset }: SourceConfig, secret: string, proof: Proof, evidence: EventEvidence): boolean {
  const [header = ''] = (proof.form ?? '').split(' ');
  const { receivedAt, address, body } = evidence;
  // It was in time when it came, or it would not be here.
  const check = hmac(preset.hmac, {
    secrets: [secret],
    allowSha1: true,
    toleranceSeconds: Number.POSITIVE_INFINITY,
  });
  try {
    const rest = check({ receivedAt, address, query: '', rawHeaders: [header, proof.signature ?? ''] });
    if (typeof rest === 'function') rest(body);
    return true;
  } catch {
    return false;
  }
}

function describe(number: number, { proofs, address, receivedAt }: EventEvidence, finding: Finding): string {
  const by = proofs.map(({ scheme, secret, form, wouldRefuse }) => {
    if (wouldRefuse !== undefined) return `${scheme} (only observed) would have refused it: ${wouldRefuse}`;
    return [scheme, form, secret === undefined ? '' : `secret ${secret}`].filter(Boolean).join(' ');
  });
  return [
    `${idOf(number)}  bytes ${finding.bytes}, signature: ${finding.signature}`,
    `  from ${address} at ${new Date(receivedAt).toISOString()}`,
    ...by.map((line) => `  ${line}`),
  ].join('\n');
}

function complain(message: string): number {
  process.stderr.write(`consignee: ${message}\n`);
  return 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
