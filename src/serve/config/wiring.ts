/** What may be wrong in config/sources.ts: names, handlers, their options. Every problem at once, none of them thrown. */
import type { Problem } from '../../base/errors.ts';
import type { HandlerOptions, SourceWiring } from '../../deliver/handler.ts';
import { isHandler, namedHandlers, nameOf } from '../../deliver/handlers.ts';

const SETTING = 'config/sources.ts';
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const KEY = /^[a-z][\w-]*$/i;
/** Timers count at most 2^31 ms, and nothing sensible comes near. */
const RANGES = { timeLimitMs: 86_400_000, concurrency: 10_000, maxAttempts: 1_000 } as const;
const RATE_LEAST = 0.001;
const RATE_MOST = 10_000;

export function wiringProblems(wirings: readonly SourceWiring[]): Problem[] {
  const names = wirings.map(nameOf);
  const wired = wirings.flatMap(namedHandlers);
  const problems = [
    ...names.flatMap((name, at) => (names.indexOf(name) === at ? nameProblems(name) : twice(name))),
    ...wirings.flatMap((wiring) => shapeProblems(wiring)),
    ...wired.flatMap(([name, options]) => optionProblems(name, options, names)),
    ...wired.flatMap(([, { problems = [] }]) => problems),
    ...targetProblems(wired),
  ];
  // One handler in four sources has its problems once.
  return problems.filter((problem, at) => problems.findIndex((other) => sameAs(problem, other)) === at);
}

function sameAs(one: Problem, other: Problem): boolean {
  return one.setting === other.setting && one.wrong === other.wrong;
}

function twice(name: string): Problem[] {
  return [{ setting: SETTING, wrong: `mounts ${name} twice`, fix: 'Give one of them another name.' }];
}

function nameProblems(name: string): Problem[] {
  if (NAME.test(name)) return [];
  const fix = 'Use small letters, digits and single hyphens, as in shippo-eu.';
  return [{ setting: SETTING, wrong: `names a source ${JSON.stringify(name)}`, fix }];
}

function shapeProblems(wiring: SourceWiring): Problem[] {
  const source = nameOf(wiring);
  const problems = Object.entries(wiring.handlers ?? {})
    .filter(([key, wired]) => !isHandler(wired) || !KEY.test(key))
    .map(([key]): Problem => {
      const fix = 'Write a name and a function: handlers: { log, orders: updateOrders }.';
      return { setting: SETTING, wrong: `wires ${source} to ${key}, which is not a handler`, fix };
    });
  if (wiring.reply !== undefined && typeof wiring.reply !== 'function') {
    const fix = 'Write a function: reply: (event) => ({ … }).';
    problems.push({ setting: SETTING, wrong: `gives ${source} a reply that is not a function`, fix });
  }
  for (const [name, options] of namedHandlers(wiring)) {
    if (options.latest !== 'preset' || wiring.preset.state) continue;
    const fix = "Tell it: latest(handler, { of: ['data.order_id'], at: ['timestamp'] }).";
    const wrong = `makes ${name} latest, but nobody has told which members say whose state it is, and of when`;
    problems.push({ setting: SETTING, wrong, fix });
  }
  return problems;
}

function optionProblems(handler: string, options: HandlerOptions, sources: readonly string[]): Problem[] {
  const problem = (option: string, fix: string): Problem => {
    return { setting: SETTING, wrong: `gives ${handler} a ${option} that cannot be`, fix };
  };
  const problems = Object.entries(RANGES).flatMap(([option, most]) => {
    const value = options[option as keyof typeof RANGES];
    if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)) return [];
    return [problem(option, `Use 1 to ${most}.`)];
  });
  const { ratePerSecond: rate, types, sources: only } = options;
  if (rate !== undefined && !(rate >= RATE_LEAST && rate <= RATE_MOST)) {
    problems.push(problem('ratePerSecond', `Use ${RATE_LEAST} to ${RATE_MOST}.`));
  }
  if (types !== undefined && !isTextList(types)) {
    problems.push(
      problem('list of types', "Write types or patterns: types: ['track_updated', 'transaction_*']."),
    );
  }
  if (only !== undefined && !(isTextList(only) && only.every((name) => sources.includes(name)))) {
    problems.push(problem('list of sources', `They are ${sources.join(', ')}.`));
  }
  return problems;
}

function isTextList(list: readonly unknown[]): boolean {
  return Array.isArray(list) && list.length > 0 && list.every((one) => typeof one === 'string' && one !== '');
}

/** What shares a target shares its limits, so they must agree on them. */
function targetProblems(wired: ReturnType<typeof namedHandlers>): Problem[] {
  return wired.flatMap(([name, { target, concurrency, ratePerSecond }], at) => {
    const first = wired.findIndex(([, other]) => target !== undefined && other.target === target);
    const [firstName, options] = wired[first] ?? [];
    if (!options || first === at) return [];
    if (options.concurrency === concurrency && options.ratePerSecond === ratePerSecond) return [];
    const fix = 'Give both the same, or make one handler of them and wire it twice.';
    const wrong = `gives ${name} and ${firstName} one target, but different concurrency or ratePerSecond`;
    return [{ setting: SETTING, wrong, fix }];
  });
}
