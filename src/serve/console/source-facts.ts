/**
 * What the pages of sources show: where the provider sends to, what is verified and what that proves, what came, and which secrets are in
 * use, by their fingerprints. Made of the settings, of tallies and of uses of secrets; of one source, where a check is only observed,
 * also of its newest events.
 */
import { DAY_MS, HOUR_MS, isoOrNull } from '../../base/times.ts';
import type { EventProofs } from '../../inbox/summary.ts';
import { TAKEN_OUTCOMES } from '../../inbox/tallies.ts';
import { isProof, SECRET_ROWS } from '../../verify/checks.ts';
import { setUpSteps } from '../../verify/handshake-words.ts';
import type { Allowed } from '../../verify/ip-allowlist.ts';
import type { Scheme } from '../../verify/schemes.ts';
import { firstSetting, provenFor, provingSettings, settingFor } from '../../verify/switches.ts';
import { fingerprintsBy, usesOf } from '../check/known-secrets.ts';
import { settingOf } from '../config/proving.ts';
import type { SourceConfig } from '../config/source.ts';
import type { ServiceStatus, SourceStatus } from '../status.ts';
import { PageError, type PageRequest, type PageSource } from './page.ts';

export interface SourceFacts {
  readonly source: string;
  readonly title: string;
  readonly isOn: boolean;
  readonly url: string | null;
  readonly path: string;
  readonly checks: readonly {
    readonly scheme: string;
    readonly isEnforced: boolean;
    readonly proves: string;
  }[];
  readonly lastAt: string | null;
  readonly today: number | null;
  readonly usual: SourceStatus['usual'];
  /** Within 24 hours. */
  readonly lastDay: { readonly taken: number; readonly refused: number; readonly share: number };
}

export interface SourceList {
  readonly sources: readonly SourceFacts[];
}

export async function readSources(from: PageSource, { now }: PageRequest): Promise<SourceList> {
  const [status, days] = await Promise.all([from.status(), readLastDay(from, now)]);
  return { sources: from.config().sources.map((source) => sourceFactsOf(source, status, days)) };
}

async function readLastDay({ reading }: PageSource, now: number) {
  const from = now - DAY_MS;
  return await reading
    .ask('tallies', { step: 60, from: from - (from % HOUR_MS), until: now + HOUR_MS, kind: 'request' })
    .catch(() => []);
}

function sourceFactsOf(
  source: SourceConfig,
  status: ServiceStatus,
  days: Awaited<ReturnType<typeof readLastDay>>,
): SourceFacts {
  const { name, preset, schemes, observed, path, publicUrl } = source;
  const of = status.sources.find((one) => one.source === name);
  const its = days.filter(({ subject }) => subject === name);
  const sumOf = (isTaken: boolean) =>
    its.reduce(
      (sum, { outcome, count }) => sum + (TAKEN_OUTCOMES.includes(outcome) === isTaken ? count : 0),
      0,
    );
  const [taken, refused] = [sumOf(true), sumOf(false)];
  return {
    source: name,
    title: preset.title,
    isOn: schemes.length > 0,
    url: publicUrl ?? null,
    path,
    checks: schemes.map((scheme) => ({
      scheme,
      isEnforced: !observed.includes(scheme),
      proves: whatProves(scheme, source),
    })),
    ...{ lastAt: of?.lastAt ?? null, today: of?.today ?? null, usual: of?.usual ?? null },
    lastDay: { taken, refused, share: refused === 0 ? 0 : refused / (taken + refused) },
  };
}

/** As a sentence about the check goes on. */
function whatProves(scheme: Scheme, { preset }: SourceConfig): string {
  if (!isProof(scheme)) return 'where a request comes from, which is no proof by itself';
  const proven = provenFor({ preset, schemes: [scheme] });
  if (proven.length === 0) return 'the sender';
  const weakest = proven.find((one) => one !== 'the content');
  return weakest ?? 'the sender, and that the content is as it was sent';
}

export interface SourcePage extends SourceFacts {
  readonly secrets: readonly {
    readonly scheme: string;
    readonly setting: string;
    readonly fingerprint: string | null;
    readonly isCurrent: boolean;
    readonly count: number;
    readonly lastAt: string | null;
    readonly mayGo: boolean;
  }[];
  readonly observed: readonly {
    readonly scheme: string;
    readonly looked: number;
    readonly wouldRefuse: Readonly<Record<string, number>>;
  }[];
  readonly allowlist: readonly {
    readonly entry: string;
    readonly addresses: number;
    readonly published: { readonly from: string; readonly asOf: string } | null;
    readonly ageMs: number | null;
    readonly trouble: string | null;
  }[];
  readonly switchOn: { readonly first: string; readonly any: string };
  readonly setUp: readonly string[];
  readonly known: { readonly from: string; readonly asOf: string } | null;
  readonly handlers: readonly string[];
}

export async function readSourcePage(
  from: PageSource,
  { params: { source: name = '' }, now }: PageRequest,
): Promise<SourcePage> {
  const source = from.config().sources.find((one) => one.name === name);
  if (!source) throw new PageError(404, `there is no source ${name}`);
  const { inbox, reading } = from;
  const [status, days, uses, key, proofs] = await Promise.all([
    from.status(),
    readLastDay(from, now),
    reading.ask('secretUses'),
    inbox.fingerprintKey(),
    source.observed.length > 0 ? reading.ask('proofs', name) : [],
  ]);
  const { preset } = source;
  return {
    ...sourceFactsOf(source, status, days),
    secrets: liveSecretsOf(source, { uses, fingerprints: fingerprintsBy(key) }, now),
    observed: source.observed.map((scheme) => observedOf(scheme, proofs)),
    allowlist: from.allowed(name).map(allowedEntry),
    switchOn: { first: firstSetting(source), any: provingSettings(source) },
    setUp: setUpSteps(preset, (setting) => settingOf(source.prefix, setting)),
    known: preset.known ? { from: preset.known.from, asOf: preset.known.asOf } : null,
    handlers: source.routes.map(({ handler }) => handler),
  };
}

function liveSecretsOf(
  source: SourceConfig,
  known: Parameters<typeof usesOf>[2],
  now: number,
): SourcePage['secrets'] {
  return SECRET_ROWS.flatMap((row) => {
    const { name: scheme } = row;
    const used = usesOf(source.secrets[scheme] ?? [], { source: source.name, scheme }, known, now);
    return used.map(({ secret, use, mayGo }, at) => ({
      scheme,
      setting: `${source.prefix}_${settingFor(row, source.preset)}`,
      fingerprint: secret ?? null,
      isCurrent: at === 0,
      count: use?.count ?? 0,
      lastAt: isoOrNull(use?.lastAt),
      mayGo,
    }));
  });
}

function observedOf(scheme: string, events: readonly EventProofs[]): SourcePage['observed'][number] {
  const outcomes = events.flatMap(({ proofs }) => proofs.filter((proof) => proof.scheme === scheme));
  const wouldRefuse: Record<string, number> = {};
  for (const { wouldRefuse: code } of outcomes) if (code) wouldRefuse[code] = (wouldRefuse[code] ?? 0) + 1;
  return { scheme, looked: outcomes.length, wouldRefuse };
}

function allowedEntry({ entry, addresses, published, lookup }: Allowed): SourcePage['allowlist'][number] {
  return {
    entry,
    addresses: addresses.length,
    published: published ? { from: published.from, asOf: published.asOf } : null,
    ageMs: lookup?.ageMs ?? null,
    trouble: lookup?.trouble ?? null,
  };
}
