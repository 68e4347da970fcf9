/** Judges the settings by themselves: what is wrong with them, which sources are on, and whether each has real proof. */
import type { Problem } from '../../base/errors.ts';
import { readSecrets } from '../../base/settings/secrets.ts';
import { formSecretsOf, isProof } from '../../verify/checks.ts';
import { sayHandshakes } from '../../verify/handshake-words.ts';
import { firstSetting, keyHostsOf, provenFor, takesOthersEvents } from '../../verify/switches.ts';
import { settingOf } from '../config/proving.ts';
import type { SourceConfig } from '../config/source.ts';
import type { Examined } from './examination.ts';
import { type Finding, fail, ofProblem, pass, warn } from './finding.ts';
import { API_KEYS, allSlotsOfSource } from './slots.ts';

export function settingFindings({ problems, warnings, environment, config }: Examined): Finding[] {
  // The service does not read these, so nobody has judged them yet.
  const [ofKeys, aboutKeys]: [Problem[], Problem[]] = [[], []];
  const keys = { environment, production: config.production, problems: ofKeys, warnings: aboutKeys };
  for (const setting of API_KEYS) readSecrets(setting, keys);
  return [
    ...[...problems, ...ofKeys].map((problem) => ofProblem('fail', problem)),
    ...[...warnings, ...aboutKeys].map((problem) => ofProblem('warn', problem)),
  ];
}

export function sourceFindings({ config, environment }: Examined): Finding[] {
  const secrets = config.sources.flatMap((source) =>
    allSlotsOfSource(source, environment).map(({ value }) => ({ value, name: source.name })),
  );
  const shared = secrets.flatMap(({ value, name }, at): Finding[] => {
    const twin = secrets.slice(0, at).find((other) => other.value === value);
    if (!twin) return [];
    const whom = twin.name === name ? 'another setting of its own' : twin.name;
    return [warn(name, `shares a secret with ${whom}: give each its own`)];
  });
  const own = config.sources.flatMap((source) => [
    sourceFinding(source, config.production),
    ...handshakeFindings(source),
    ...formFindings(source),
  ]);
  return [...own, ...shared];
}

/** What a good signature does not say, and what nobody has shown. */
function formFindings(source: SourceConfig): Finding[] {
  const { name, prefix, preset } = source;
  const proofs = provenFor(source);
  if (proofs.length === 0) return [];
  const subject = `${name} signature`;
  const weakest = proofs.find((proven) => proven !== 'the content');
  const findings: Finding[] = [];
  const hosts = keyHostsOf(source);
  if (hosts.length > 0)
    findings.push(
      pass(subject, `is checked with keys that are fetched from ${hosts.join(' and ')} by https`),
    );
  if (takesOthersEvents(source)) {
    const fix = `Set ${prefix}_WEBHOOK_TOKEN as well, with ?token=… in the URL at the provider`;
    const says = `is made with one key for all customers of ${preset.title}, who could pass on what they got`;
    findings.push(warn(subject, `${says}. ${fix}`));
  }
  if (weakest) {
    const fix =
      'Who has caught a delivery may send other content under it: ask the provider for what matters';
    findings.push(warn(subject, `proves ${weakest}. ${fix}`));
  }
  if (preset.shownBy === 'documentation') {
    const fix = 'Have it send a test, and look whether that is accepted';
    findings.push(warn(subject, `is known from documentation only. ${fix}`));
  }
  return findings;
}

function handshakeFindings(source: SourceConfig): Finding[] {
  const { name, preset, prefix, schemes, takesSecrets } = source;
  const words = sayHandshakes(preset, (setting) => settingOf(prefix, setting));
  if (words.length === 0 || schemes.length === 0) return [];
  const waits = `waits for its secret and takes no event. Once it has come, \`npx consignee secret take ${name}\` shows it`;
  const open = `takes secrets of anybody's handshake: take handshake out of ${prefix}_VERIFY (or remove the line) once yours has come`;
  const taking = takesSecrets
    ? [warn(`${name} handshake`, formSecretsOf(source).length === 0 ? waits : open)]
    : [];
  return [pass(`${name} handshake`, words.join(' ')), ...taking];
}

function sourceFinding(source: SourceConfig, production: boolean): Finding {
  const { name, path, schemes, observed } = source;
  if (schemes.length === 0) return warn(name, `off; set ${firstSetting(source)} to switch it on`);
  const enforced = schemes.filter((scheme) => !observed.includes(scheme));
  const watches = observed.length > 0 ? `, and only observes ${observed.join(' + ')}` : '';
  const says = `${path} verifies ${enforced.join(' + ') || 'nothing'}${watches}`;
  if (enforced.some(isProof)) return pass(name, says);
  const unproven = `${says}: nothing proves who sends. Enforce a signature, a token or a JWT.`;
  return (production ? fail : warn)(name, unproven);
}

export function logLevelFinding({ config }: Examined): Finding {
  const { logLevel, production } = config;
  // They repeat in words what was logged with care.
  if (!production || !['debug', 'trace'].includes(logLevel)) return pass('LOG_LEVEL', logLevel);
  return warn('LOG_LEVEL', `${logLevel} in production says more than anybody reads. Set it to info.`);
}
