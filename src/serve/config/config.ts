/**
 * Makes one frozen Config of the environment, the knobs and the wiring, and lists every problem with them.
 *
 * Everything that is set is checked: a source's schemes follow from its settings, and a setting that cannot be used
 * is a problem, never a check less. Called by ops/ before anything is opened.
 */
import { isLoopback } from '../../base/address.ts';
import type { Problem } from '../../base/errors.ts';
import {
  type Environment,
  type EnvironmentReading,
  readBoolean,
  readHost,
  readInteger,
  readProxies,
  textOf,
} from '../../base/settings/environment.ts';
import { refuseOddEnvironment, withoutQuotes } from '../../base/settings/mistakes.ts';
import { readSecrets } from '../../base/settings/secrets.ts';
import { MINUTE_MS } from '../../base/times.ts';
import { sourceNameOf } from '../../deliver/handlers.ts';
import { shapeOf } from '../../inbox/shape.ts';
import type { StoredSource } from '../../inbox/stored-source.ts';
import { firstSetting } from '../../verify/switches.ts';
import { type AlarmTarget, readAlarmTarget } from './alarms.ts';
import { readStorage, type StorageSettings } from './database.ts';
import { renameKnobs, renameSettings } from './deprecations.ts';
import { type Knobs, readKnobs } from './knobs.ts';
import { SERVICE_SETTINGS } from './restart-settings.ts';
import { misspeltSources, prefixOf, readSource, type SourceConfig } from './source.ts';
import { readWirings } from './wiring.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

export interface Config extends StorageSettings {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly trustProxy: readonly string[];
  readonly requireHttps: boolean;
  readonly retentionDays: number;
  readonly logLevel: string;
  readonly console: ConsoleSettings;
  readonly shutdownDelayMs: number;
  /** Undefined: alarms go to the log only. */
  readonly alarmTarget: AlarmTarget | undefined;
  readonly sources: readonly SourceConfig[];
  readonly knobs: Knobs;
}

export interface ConsoleSettings {
  readonly host: string;
  readonly port: number;
  /** Whoever has one of these may do everything. */
  readonly tokens: readonly string[];
  /** Whoever has one of these may look. */
  readonly readTokens: readonly string[];
}

export interface Reading {
  readonly config: Config;
  /** A Config with problems must not be started. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Of every command but `serve --dev`, `serve` is production. The others are for what NODE_ENV says. */
export function readConfig(
  given: Environment,
  /** The default exports of the two files of config/, unchecked. */
  knobs: unknown,
  sources: unknown,
  production: boolean = given.NODE_ENV === 'production',
): Reading {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const wirings = readWirings(sources, problems);
  const prefixes = wirings.map((wiring) => prefixOf(sourceNameOf(wiring)));
  const renamed = renameSettings(given, warnings);
  const environment = withoutQuotes(renamed, isOurs(prefixes), problems);
  const settings: EnvironmentReading = { environment, production, problems, warnings };
  refuseOddEnvironment({ ...settings, environment: given });
  warnings.push(...misspeltSources(prefixes, environment));
  const config: Config = {
    production,
    host: readHost(settings, 'HOST', '0.0.0.0'),
    port: readInteger(settings, 'PORT', 3000, [0, 65_535]),
    trustProxy: readProxies(settings),
    requireHttps: readBoolean(settings, 'REQUIRE_HTTPS', production),
    ...readStorage(settings),
    retentionDays: readInteger(settings, 'RETENTION_DAYS', 30, [1, 36_500]),
    logLevel: readLevel(settings),
    console: {
      host: readHost(settings, 'CONSOLE_HOST', '127.0.0.1'),
      port: readInteger(settings, 'CONSOLE_PORT', 3001, [0, 65_535]),
      tokens: readSecrets('CONSOLE_TOKEN', settings).live,
      readTokens: readSecrets('CONSOLE_READ_TOKEN', settings).live,
    },
    shutdownDelayMs: readInteger(settings, 'SHUTDOWN_DELAY_MS', production ? 5_000 : 0, [0, 10 * MINUTE_MS]),
    alarmTarget: readAlarmTarget(settings),
    sources: wirings.map((wiring) => readSource(wiring, wirings, settings)),
    knobs: readKnobs(renameKnobs(knobs, warnings), problems),
  };
  problems.push(...problemsBetweenSettings(config));
  return { config: Object.freeze(config), problems, warnings };
}

/** Of what has another judge in NODE_ENV nothing is said. */
const OURS = [...SERVICE_SETTINGS, 'PUBLIC_URL'].filter((name) => name !== 'NODE_ENV');

function isOurs(prefixes: readonly string[]) {
  const beginnings = ['CONSOLE', 'ALARM', ...prefixes];
  return (name: string) =>
    OURS.includes(name.replace(/_FILE$/, '')) || beginnings.some((prefix) => name.startsWith(`${prefix}_`));
}

function problemsBetweenSettings(config: Config): Problem[] {
  const problems: Problem[] = [];
  if (!isLoopback(config.console.host) && config.console.tokens.length === 0) {
    const wrong = 'opens the console beyond this machine without a token';
    const fix = 'Set CONSOLE_TOKEN (or CONSOLE_TOKEN_FILE), or leave CONSOLE_HOST out.';
    problems.push({ setting: 'CONSOLE_HOST', wrong, fix });
  }
  problems.push(...readTokenProblems(config.console));
  if (config.console.port !== 0 && config.console.port === config.port) {
    const fix = 'Give the console its own port.';
    problems.push({ setting: 'CONSOLE_PORT', wrong: 'is the same as PORT', fix });
  }
  if (config.production && config.sources.every((source) => source.schemes.length === 0)) {
    const variables = config.sources.map(firstSetting);
    const some = variables.length > 1 ? 'at least one of ' : '';
    problems.push({ setting: 'No source', wrong: 'is on', fix: `Set ${some}${variables.join(', ')}.` });
  }
  return problems;
}

function readTokenProblems({ tokens, readTokens }: ConsoleSettings): Problem[] {
  const setting = 'CONSOLE_READ_TOKEN';
  if (readTokens.length > 0 && tokens.length === 0) {
    return [
      { setting, wrong: 'is set without CONSOLE_TOKEN', fix: 'Set CONSOLE_TOKEN too, for who may act.' },
    ];
  }
  if (!readTokens.some((token) => tokens.includes(token))) return [];
  return [
    { setting, wrong: 'is the same as CONSOLE_TOKEN', fix: 'Take another one (`openssl rand -hex 32`).' },
  ];
}

function readLevel({ environment, problems }: EnvironmentReading): string {
  const level = textOf(environment, 'LOG_LEVEL') ?? 'info';
  if (LEVELS.includes(level)) return level;
  const wrong = `is not one of ${LEVELS.join(', ')}`;
  problems.push({ setting: 'LOG_LEVEL', wrong, fix: 'Leave it out for info.' });
  return 'info';
}

/** The part of the sources that their inbox has to know. */
export function storedSourcesOf(sources: readonly SourceConfig[]): Map<string, StoredSource> {
  return new Map(
    sources.map(({ name, preset, routes, keys }) => [name, { shape: shapeOf(preset), routes, keys }]),
  );
}
