/**
 * Every kind of handler reads its options here when it is built. Each flaw becomes a problem of config/sources.ts, which is
 * listed at boot with all others; nothing is thrown.
 *
 * The choices that all kinds have in common are passed on unchecked: serve/config/wiring.ts checks them, where sources and
 * targets are known.
 */
import { type Problem, sentenceOf } from '../../base/errors.ts';
import { type Flaw, members, type RuleTable, type ValuesOf } from '../../base/settings/rules.ts';
import { type Handle, type HandlerOptions, Unavailable } from '../handler.ts';

const CHOICES = ['types', 'sources', 'concurrency', 'ratePerSecond', 'maxAttempts'] as const;

export type Choices = Pick<HandlerOptions, (typeof CHOICES)[number]>;

export function choicesOf(options: object | null | undefined): Choices {
  const made = Object.entries(options ?? {}).filter(
    ([name, value]) => (CHOICES as readonly string[]).includes(name) && value !== undefined,
  );
  return Object.fromEntries(made);
}

/** `whom` names the handler, as in `gcs`. */
export function readOptions<Table extends RuleTable>(
  whom: string,
  options: unknown,
  table: Table,
  between?: (values: ValuesOf<Table>) => readonly Flaw[],
  others: readonly string[] = CHOICES,
): { readonly given: ValuesOf<Table>; readonly problems: Problem[] } {
  const { value, flaws } = members(table, between, others)(options);
  return { given: value, problems: flaws.map((one) => optionProblem(whom, one)) };
}

export function optionProblem(whom: string, { path, wrong, fix }: Flaw): Problem {
  const name = path.length > 0 ? `${path.join('.')} of ${whom}` : whom;
  return wiringProblem(`${name} ${wrong}`, fix);
}

export function wiringProblem(wrong: string, fix: string): Problem {
  return { setting: 'config/sources.ts', wrong, fix };
}

/** The service does not start with a problem, but its handlers' thread may start anew after a program or a secret went away. */
export function refuseEvents(problem: Problem | undefined): Handle {
  return () => {
    throw new Unavailable(problem ? sentenceOf(problem) : 'it cannot work as it is configured');
  };
}
