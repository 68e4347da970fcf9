/**
 * The commands: `consignee <command>`, or `npm run <command>`. A command is a file beside this one, which exports `run` and
 * perhaps `usage`, and a row in the table.
 */
import { ConfigError } from '../base/errors.ts';
import { redactText } from '../base/log/redact.ts';
import { VERSION } from '../base/version.ts';
import {
  columns,
  complain,
  describeProblem,
  didYouMean,
  EXIT_CONFIG,
  EXIT_USAGE,
  misused,
  say,
  sayWrong,
} from './terminal.ts';

interface Command {
  readonly run: (args: string[]) => Promise<number>;
  /** The text of `--help`, if there is more to say than the list of commands does. */
  readonly usage?: string;
}

/** How it is called, what it does, and where it is. */
const COMMANDS: readonly (readonly [string, string, () => Promise<Command>])[] = [
  ['init [FOLDER]', 'make a project there; without FOLDER, write .env here', () => import('./init.ts')],
  ['add <provider>', 'add a source to config/sources.ts', () => import('./add.ts')],
  ['detect', 'say how the sender of a captured request signs', () => import('./detect.ts')],
  [
    'serve [--dev]',
    'receive webhooks; settings from the environment (--dev: from .env too, readable logs)',
    () => import('./serve.ts'),
  ],
  [
    'send <source> | --all',
    'send genuinely signed samples to the running service',
    () => import('./send.ts'),
  ],
  [
    'events <verb>',
    'list, show, failures, replay, discard, tail, verify, rescue, refused',
    () => import('./events.ts'),
  ],
  ['status', 'whether all is well, in six lines', () => import('./status.ts')],
  ['alarms', 'what is wrong now, and what was within thirty days', () => import('./alarms.ts')],
  ['pause <handler>', 'keep a handler or a target from getting anything', () => import('./pause.ts')],
  ['resume <handler>', 'let it have events again, and try a target that rests', () => import('./resume.ts')],
  ['check', 'the security checklist: settings, secrets, git, proxies, inbox', () => import('./check.ts')],
  ['secret <verb>', 'generate, show, take, rotate', () => import('./secret.ts')],
  ['setup', 'prepare what handlers write to', () => import('./setup.ts')],
  ['compact', 'give the disk back what is unused in an SQLite inbox', () => import('./compact.ts')],
  ['migrate', 'move the inbox from an SQLite file to PostgreSQL', () => import('./migrate.ts')],
];

const NAMES = COMMANDS.map(([call]) => call.replace(/ .*/, ''));

const USAGE = `Usage: consignee <command>

${columns(
  COMMANDS.map(([call, does]) => [`  ${call}`, does]),
  { width: 80 },
).join('\n')}

Every command takes --config DIR (where sources.ts and service.ts are) and
--help. --version says which Consignee this is.
`;

/** Ends the process with the command's exit code once its output is out. */
export async function main(args: readonly string[]): Promise<void> {
  const [name = '', ...rest] = args;
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', () => process.exit(0));
  if (name === '--version' || name === '-v') return say(VERSION);
  const [, , load] = COMMANDS[NAMES.indexOf(name)] ?? [];
  if (!load) {
    const asked = ['', 'help', '--help', '-h'].includes(name);
    if (asked) say(USAGE.trimEnd());
    else misused(`no command ${name}${didYouMean(name, NAMES)}`, USAGE);
    process.exitCode = asked && name !== '' ? 0 : EXIT_USAGE;
    return;
  }
  try {
    const { run, usage = USAGE } = await load();
    if (rest.includes('--help')) say(usage.trimEnd());
    else process.exitCode = await run(rest);
  } catch (error) {
    // Threads that run already must not keep a service alive that could not start.
    process.exit(explainFailure(name, error));
  }
}

const FAILURE_MAX = 8_000;

/** Says what went wrong in words, and answers with the exit code. */
function explainFailure(name: string, error: unknown): number {
  if (error instanceof ConfigError) {
    const { problems } = error;
    const count = problems.length === 1 ? 'One setting keeps' : `${problems.length} settings keep`;
    const what = name === 'serve' ? `${count} Consignee from starting` : `consignee ${name} cannot go on`;
    sayWrong(`${what}:\n\n${problems.map(describeProblem).join('').trimEnd()}`);
    return EXIT_CONFIG;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith('ERR_PARSE_ARGS')) {
    // Node goes on about arguments that begin with a hyphen, of which there are none here.
    const [mistake = ''] = message.split('. To specify');
    return complain(`${mistake}. The same with --help has the options.`, EXIT_USAGE);
  }
  // It may be a mistake in config/*.ts, where the line matters as much as the message: then the stack is shown.
  const expected = error instanceof Error && error.name === 'Error' && !code?.startsWith('ERR_');
  return complain(redactText(String(expected ? message : ((error as Error).stack ?? error)), FAILURE_MAX));
}
