/**
 * The commands: `consignee <command>`, or `npm run <command>`. A command is a file beside this one, which exports `run` and
 * perhaps `usage`, and a row in the table.
 */
import { ConfigError, type Problem } from '../base/errors.ts';
import { columns, complain, describeProblem, EXIT_CONFIG, EXIT_USAGE } from './terminal.ts';

interface Command {
  readonly run: (args: string[]) => Promise<number>;
  /** The text of `--help`, if there is more to say than the list of commands does. */
  readonly usage?: string;
}

interface CommandRow {
  readonly name: string;
  readonly args?: string;
  readonly does: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: readonly CommandRow[] = [
  {
    name: 'init',
    does: 'write .env with fresh secrets, unless there is one',
    load: () => import('./init.ts'),
  },
  {
    name: 'serve',
    args: '[--dev]',
    does: 'receive webhooks; settings from the environment (--dev: from .env too, readable logs)',
    load: () => import('./serve.ts'),
  },
  {
    name: 'send',
    args: '<source> | --all',
    does: 'send genuinely signed samples to the running service',
    load: () => import('./send.ts'),
  },
  {
    name: 'events',
    args: '<verb>',
    does: 'list, show, replay, discard, tail, verify, refused',
    load: () => import('./events.ts'),
  },
  {
    name: 'check',
    does: 'the security checklist: settings, secrets, git, proxies, inbox',
    load: () => import('./check.ts'),
  },
  {
    name: 'secret',
    args: '<verb>',
    does: 'generate, show, rotate',
    load: () => import('./secret.ts'),
  },
  {
    name: 'setup',
    does: 'prepare what handlers write to',
    load: () => import('./setup.ts'),
  },
  {
    name: 'migrate',
    does: 'move the inbox from an SQLite file to PostgreSQL',
    load: () => import('./migrate.ts'),
  },
];

const USAGE = `Usage: consignee <command>

${columns(COMMANDS.map(({ name, args = '', does }) => [`  ${name} ${args}`.trimEnd(), does])).join('\n')}

Every command takes --config DIR (where sources.ts and service.ts are) and --help.
`;

/** Ends the process with the command's exit code once its output is out. */
export async function main(args: readonly string[]): Promise<void> {
  const [name = '', ...rest] = args;
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', () => process.exit(0));
  const command = COMMANDS.find((row) => row.name === name);
  if (!command) {
    const asked = ['', 'help', '--help', '-h'].includes(name);
    process[asked ? 'stdout' : 'stderr'].write(asked ? USAGE : `consignee: no command ${name}\n\n${USAGE}`);
    process.exitCode = asked && name !== '' ? 0 : EXIT_USAGE;
    return;
  }
  try {
    const { run, usage = USAGE } = await command.load();
    if (rest.includes('--help')) process.stdout.write(usage);
    else process.exitCode = await run(rest);
  } catch (error) {
    // Threads that run already must not keep a service alive that could not start.
    process.exit(explainFailure(error));
  }
}

/** Says what went wrong in words, and answers with the exit code. */
function explainFailure(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(describeProblems(error.problems));
    return EXIT_CONFIG;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith('ERR_PARSE_ARGS')) {
    return complain(message, EXIT_USAGE);
  }
  // It may be a mistake in config/*.ts, where the line matters as much as the message: then the stack is shown.
  const expected = error instanceof Error && error.name === 'Error' && !code?.startsWith('ERR_');
  return complain(String(expected ? message : ((error as Error).stack ?? error)));
}

function describeProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'One setting keeps' : `${problems.length} settings keep`;
  return `${count} Consignee from starting:\n\n${problems.map(describeProblem).join('')}`;
}
