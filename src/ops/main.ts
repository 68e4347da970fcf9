/** The commands: `consignee <command>`, or `npm run <command>`. Each has a file of its own beside this one. */
import { ConfigError, type Problem, sentenceOf } from '../base/errors.ts';

/** sysexits.h: EX_CONFIG */
const EXIT_CONFIG = 78;
const EXIT_USAGE = 64;

interface Command {
  readonly run: (args: string[]) => Promise<number>;
  /** What `--help` says, if there is more to say than the list of commands does. */
  readonly usage?: string;
}

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: () => import('./init.ts'),
  serve: () => import('./serve.ts'),
  send: () => import('./send.ts'),
  events: () => import('./events.ts'),
  check: () => import('./check.ts'),
  secret: () => import('./secret.ts'),
  setup: () => import('./setup.ts'),
  migrate: () => import('./migrate.ts'),
};

const USAGE = `Usage: consignee <command>

  init                     write .env with fresh secrets, unless there is one
  serve [--dev]            receive webhooks; settings from the environment (--dev: from .env too, readable logs)
  send <source> | --all    send genuinely signed samples to the running service
  events <verb>            list, show, replay, discard, tail
  check                    the security checklist: settings, secrets, git, proxies, inbox
  secret <verb>            generate, show, rotate
  setup                    prepare what handlers write to
  migrate                  move the inbox from an SQLite file to PostgreSQL

Every command takes --config DIR (where sources.ts and service.ts are) and --help.
`;

/** Ends the process with the command's exit code once its output is out. */
export async function main(args: readonly string[]): Promise<void> {
  const [name = '', ...rest] = args;
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', () => process.exit(0));
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    const asked = ['', 'help', '--help', '-h'].includes(name);
    process[asked ? 'stdout' : 'stderr'].write(asked ? USAGE : `consignee: no command ${name}\n\n${USAGE}`);
    process.exitCode = asked && name !== '' ? 0 : EXIT_USAGE;
    return;
  }
  try {
    const { run, usage = USAGE } = await command();
    if (rest.includes('--help')) process.stdout.write(usage);
    else process.exitCode = await run(rest);
  } catch (error) {
    // Threads that run already must not keep a service alive that could not start.
    process.exit(explain(error));
  }
}

/** Says what went wrong in words, and answers with the exit code. */
function explain(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(describeProblems(error.problems));
    return EXIT_CONFIG;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith('ERR_PARSE_ARGS')) {
    process.stderr.write(`consignee: ${message}\n`);
    return EXIT_USAGE;
  }
  // A mistake in config/*.ts, say: there the place matters as much as the message.
  const expected = error instanceof Error && error.name === 'Error' && !code?.startsWith('ERR_');
  process.stderr.write(`consignee: ${expected ? message : ((error as Error).stack ?? error)}\n`);
  return 1;
}

export function describeProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'One setting keeps' : `${problems.length} settings keep`;
  const lines = problems.map((problem) => `  ${sentenceOf(problem)}.\n      ${problem.fix}\n`);
  return `${count} Consignee from starting:\n\n${lines.join('')}`;
}
