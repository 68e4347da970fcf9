/**
 * The rules of who is let in, which a reload may change: each source's verifiers and limit, the host names on its allowlist,
 * and the console's tokens. receiver.ts makes them, and http/receive.ts asks for them at each request.
 *
 * A new reading of the settings is built whole and takes effect once its new host names are looked up: a request sees the
 * old rules or the new ones, never some of each.
 */
import type { Log } from '../base/log/log.ts';
import type { SecretUse } from '../inbox/contract.ts';
import { enforcedProofs, possibleProofs, verifiersOf } from '../verify/checks.ts';
import { digestOf, keyFingerprint, withFingerprints } from '../verify/fingerprint.ts';
import { FollowedNames } from '../verify/followed-names.ts';
import { PublishedKeys } from '../verify/form/published.ts';
import { type Allowed, allowedBy, namesIn } from '../verify/ip-allowlist.ts';
import { provingSettings } from '../verify/switches.ts';
import type { Verifier } from '../verify/verifier.ts';
import type { Config, ConsoleSettings } from './config/config.ts';
import { handshakeRulesOf } from './config/handshakes.ts';
import type { Settings } from './config/settings.ts';
import type { SourceConfig } from './config/source.ts';
import type { ConsoleTokens } from './console/access.ts';
import type { SourceRules } from './http/receive.ts';

interface RulesOptions extends Pick<Settings, 'config' | 'warnings' | 'environment'> {
  readonly log: Log;
}

export class Rules {
  readonly #names: FollowedNames;
  readonly #published: PublishedKeys;
  /** The newest reading of the settings. */
  config: Config;
  /** What it has warned of, and the variables that it was made of. */
  readFrom: Pick<Settings, 'warnings' | 'environment'>;
  #bySource: ReadonlyMap<string, SourceRules>;
  /** Digests of the console's live tokens. */
  consoleTokens: ConsoleTokens;
  #fingerprintKey = '';
  readonly #fingerprints = new Map<string, string>();

  constructor({ config, warnings, environment, log }: RulesOptions) {
    this.readFrom = { warnings, environment };
    this.#names = new FollowedNames(log);
    this.#published = new PublishedKeys({ log });
    this.config = config;
    this.#bySource = this.#build(config);
    this.consoleTokens = digestsOf(config.console);
  }

  of(source: string): SourceRules {
    return this.#bySource.get(source) as SourceRules;
  }

  /** Undefined if there is no such source. */
  find(source: string): SourceRules | undefined {
    return this.#bySource.get(source);
  }

  /** Whom the allowlist of a source lets in at present. */
  allowed(source: string): readonly Allowed[] {
    const { allowFrom = [] } = this.config.sources.find(({ name }) => name === source) ?? {};
    return allowedBy(allowFrom, this.#names);
  }

  /** For a person who says how far signed times may be off. */
  verifiersWithin(name: string, toleranceSeconds: number): readonly Verifier[] {
    const source = this.config.sources.find((one) => one.name === name);
    return source ? this.#verifiers(source, toleranceSeconds, toleranceSeconds) : [];
  }

  /** Called once the inbox is open, which keeps the key, and before any request comes. */
  keyFingerprints(key: string): void {
    this.#fingerprintKey = key;
  }

  /** Every use of a secret that there can be at present. */
  possibleUses(): Omit<SecretUse, 'count' | 'lastAt'>[] {
    return this.config.sources.flatMap((source) =>
      possibleProofs(source).map((proof) => ({
        ...proof,
        source: source.name,
        secret: this.#keyed(proof.secret),
      })),
    );
  }

  /** Resolves when the host names have had their first answers, or when waiting for them has taken long enough. */
  settled(): Promise<void> {
    return this.#names.settled();
  }

  /** Resolves with true once the reading is in force, or with false if a later one has overtaken it. */
  async replace({ config, warnings, environment }: Settings): Promise<boolean> {
    const built = this.#build(config);
    this.config = config;
    this.readFrom = { warnings, environment };
    await this.#names.settled();
    if (this.config !== config) return false;
    this.consoleTokens = digestsOf(config.console);
    this.#bySource = built;
    this.#names.keepOnly(config.sources.flatMap(({ allowFrom }) => namesIn(allowFrom)));
    return true;
  }

  stop(): void {
    this.#names.stop();
  }

  #build({ sources, knobs }: Config): ReadonlyMap<string, SourceRules> {
    const named = (verify: Verifier) => withFingerprints(verify, (plain) => this.#keyed(plain));
    const rulesOf = (source: SourceConfig): SourceRules => {
      const verifiers = this.#verifiers(source, knobs.timestampToleranceSeconds).map(named);
      const handshake = handshakeRulesOf(source, verifiers, (plain) => this.#keyed(plain));
      return { ...judgedBy(source, verifiers), ...(handshake && { handshake }) };
    };
    const judgedBy = (source: SourceConfig, verifiers: readonly Verifier[]): SourceRules => ({
      bodyLimitBytes: source.bodyLimitBytes,
      verifiers,
      enforced: enforcedProofs(source),
      proving: this.#verifiers(
        { ...source, schemes: enforcedProofs(source) },
        knobs.timestampToleranceSeconds,
      ),
      offReason: `the source ${source.name} is off: set ${provingSettings(source)}`,
    });
    return new Map(sources.map((source) => [source.name, rulesOf(source)]));
  }

  #verifiers(source: SourceConfig, toleranceSeconds: number, leewaySeconds = 0): Verifier[] {
    return verifiersOf(source, toleranceSeconds, this.#names, leewaySeconds, this.#published);
  }

  /** There are no more of them than secrets have been live. */
  #keyed(plain: string): string {
    let keyed = this.#fingerprints.get(plain);
    if (keyed === undefined) {
      keyed = keyFingerprint(this.#fingerprintKey, plain);
      this.#fingerprints.set(plain, keyed);
    }
    return keyed;
  }
}

function digestsOf({ tokens, readTokens }: ConsoleSettings): ConsoleTokens {
  return { act: tokens.map(digestOf), read: readTokens.map(digestOf) };
}
