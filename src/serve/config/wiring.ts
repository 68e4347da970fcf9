/** Checks config/sources.ts: its sources, their handlers, and the options of each. Lists every problem and throws none. */
import type { Problem } from '../../base/errors.ts';
import { isSensitive } from '../../base/log/redact.ts';
import {
  functionLike,
  isObject,
  listOfTexts,
  members,
  number,
  type RulesFor,
  text,
  valueThat,
} from '../../base/settings/rules.ts';
import type { Handle, HandlerOptions, Reply, SourceWiring } from '../../deliver/handler.ts';
import { optionProblem, wiringProblem } from '../../deliver/handlers/options.ts';
import { HANDLER_LIMITS, isHandler, namedHandlers, sourceNameOf } from '../../deliver/handlers.ts';
import { credentialHeadersOf } from '../../verify/checks.ts';
import { type Items, isItems } from '../../verify/items-place.ts';
import { type Preset, presetFlaws, SOURCE_NAME, type StateShape } from '../../verify/preset.ts';

type NamedHandlers = ReturnType<typeof namedHandlers>;

const KEY = /^[a-z][\w-]*$/i;
const HEADER = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADERS_FIX = "Write names of headers: keepHeaders: ['X-Region'].";
const HANDLERS_FIX = 'Write a name and a function: handlers: { log, orders: updateOrders }.';
const NESTED_FIX = 'Write it by itself, or its options beside it: { ...log, concurrency: 4 }.';
const STATE_FIX =
  "Say which members name the thing and its time: latest(handler, { of: ['data.order_id'], at: ['timestamp'] }).";
const ITEMS_FIX =
  "Say where its events are: each(handler, { items: ['data', 'events'] }), or [] if the body is the list; or take `each` away.";
const KEYS_FIX = "Write a name and where the value is: keys: { po: ['data.po_number', 'data.orders.*.po'] }.";
const TYPES_FIX = "Write types or patterns: types: ['track_updated', 'transaction_*'].";

const SOURCE_RULES = members({
  preset: valueThat<Preset>(
    (given) => isNamed(given as Preset | undefined),
    "Import one: import { shippo } from 'consignee'.",
    { isRequired: true },
  ),
  name: text(
    (name) => SOURCE_NAME.test(name),
    'Use small letters, digits and single hyphens, as in shippo-eu.',
  ),
  handlers: valueThat<SourceWiring['handlers']>((given) => typeof given === 'object', HANDLERS_FIX),
  keepHeaders: listOfTexts((name) => HEADER.test(name), HEADERS_FIX, {}, true),
  keys: valueThat<NonNullable<SourceWiring['keys']>>(areKeys, KEYS_FIX),
  reply: functionLike<Reply>('Write a function: reply: (event) => ({ … }).'),
} satisfies RulesFor<SourceWiring>);

function handlerRules(sources: readonly string[]) {
  return members({
    handle: functionLike<Handle>('Write a function: handle: (event, context) => { … }.'),
    ...HANDLER_LIMITS,
    ratePerSecond: number(0.001, 10_000),
    types: listOfTexts((type) => type !== '', TYPES_FIX),
    sources: listOfTexts((name) => sources.includes(name), `The sources are ${sources.join(', ')}.`),
    target: text((name) => name !== '', 'Write a name; handlers with the same target share their limits.'),
    latest: valueThat<StateShape | 'preset'>(isLatest, 'Write orders: latest(updateOrders).'),
    each: valueThat<Items | 'preset'>(
      (given) => given === 'preset' || isItems(given),
      'Write orders: each(updateOrders).',
    ),
    settings: listOfTexts((name) => name !== '', 'Write names of environment variables.', {}, true),
    problems: valueThat<readonly Problem[]>(Array.isArray, 'Leave it out.'),
    setUp: functionLike<() => Promise<string>>('Write a function that answers with what it did.'),
  } satisfies RulesFor<HandlerOptions>);
}

/** The entries that the other settings can be read by. Their problems, and those of all others, are added to `problems`. */
export function readWirings(given: unknown, problems: Problem[]): readonly SourceWiring[] {
  if (!Array.isArray(given)) {
    problems.push(wiringProblem('has no list as its default export', 'Write export default [ … ].'));
    return [];
  }
  const found = given.flatMap((entry, at) =>
    SOURCE_RULES(entry).flaws.map((one) => optionProblem(`source number ${at + 1}`, one)),
  );
  const entries = given as (Partial<SourceWiring> | null | undefined)[];
  const presets = new Set(entries.map((entry) => entry?.preset).filter(isNamed));
  const sound = new Set<Preset>();
  for (const preset of presets) {
    const flaws = presetFlaws(preset);
    if (flaws.length === 0) sound.add(preset);
    found.push(...flaws.map((one) => optionProblem(`the preset ${preset.name}`, one)));
  }
  const wirings = entries.filter((entry): entry is SourceWiring => {
    const { preset, name } = entry ?? {};
    return preset !== undefined && sound.has(preset) && ['undefined', 'string'].includes(typeof name);
  });
  const names = wirings.map(sourceNameOf);
  const rules = handlerRules(names);
  const wired = wirings.flatMap(namedHandlers);
  const repeated = names.filter((name, at) => names.indexOf(name) !== at);
  found.push(
    ...repeated.map((name) => wiringProblem(`mounts ${name} twice`, 'Give one of them another name.')),
    ...wirings.flatMap(handlerProblems),
    ...wirings.flatMap(headerProblems),
    ...wired.flatMap(([name, options]) => rules(options).flaws.map((one) => optionProblem(name, one))),
    ...wired.flatMap(([, { problems: own }]) => (Array.isArray(own) ? own : [])),
    ...targetProblems(wired),
  );
  // One handler in four sources has its problems once.
  const isFirst = ({ setting, wrong }: Problem, at: number) =>
    found.findIndex((other) => other.setting === setting && other.wrong === wrong) === at;
  problems.push(...found.filter(isFirst));
  return wirings;
}

function areKeys(given: unknown): boolean {
  const isPath = (path: unknown) => typeof path === 'string' && !path.split('.').includes('');
  const arePaths = (paths: unknown) => Array.isArray(paths) && paths.length > 0 && paths.every(isPath);
  return isObject(given) && Object.entries(given).every(([name, paths]) => KEY.test(name) && arePaths(paths));
}

function isNamed(preset: Preset | undefined): preset is Preset {
  return typeof preset?.name === 'string';
}

function isLatest(given: unknown): boolean {
  const { of, at } = (given ?? {}) as Partial<StateShape>;
  const isNamed = Array.isArray(of) && of.every(({ by }) => Array.isArray(by));
  return given === 'preset' || (isNamed && Array.isArray(at) && at.every(({ path }) => Array.isArray(path)));
}

/** `log`, `forward(…)` and the others are handlers with options already, and wrapped once more they look like this. */
function isNested(wired: unknown): boolean {
  const { handle } = (wired ?? {}) as { handle?: Handle | HandlerOptions | null };
  return typeof handle === 'object' && handle !== null && isHandler(handle);
}

function handlerProblems(wiring: SourceWiring): Problem[] {
  const handlers = Object.entries(wiring.handlers ?? {});
  const unnamed = handlers.filter(([key]) => !KEY.test(key)).map(([key]) => [key, "a handler's name"]);
  const nested = handlers.filter(([, wired]) => isNested(wired)).map(([key]) => key);
  const missing = handlers
    .filter(([key, wired]) => !isHandler(wired) && !nested.includes(key))
    .map(([key]) => [key, 'a handler']);
  const stateless = namedHandlers(wiring).filter(
    ([, { latest }]) => latest === 'preset' && !wiring.preset.state,
  );
  const listless = namedHandlers(wiring).filter(([, { each }]) => each === 'preset' && !wiring.preset.items);
  return [
    ...[...unnamed, ...missing].map(([key, what]) =>
      wiringProblem(`handlers.${key} of ${sourceNameOf(wiring)} is not ${what}`, HANDLERS_FIX),
    ),
    ...nested.map((key) =>
      wiringProblem(
        `handle of ${sourceNameOf(wiring)}/${key} is no function but a handler with options, as \`log\` is`,
        NESTED_FIX,
      ),
    ),
    ...stateless.map(([name]) =>
      wiringProblem(`${name} is wrapped in latest(), but its preset has no \`state\``, STATE_FIX),
    ),
    ...listless.map(([name]) =>
      wiringProblem(`${name} is wrapped in each(), but its preset knows of no list of events`, ITEMS_FIX),
    ),
  ];
}

/** What proves a sender is kept apart from what is shown. */
function headerProblems(wiring: SourceWiring): Problem[] {
  const { keepHeaders, preset } = wiring;
  if (!Array.isArray(keepHeaders)) return [];
  const credentials = credentialHeadersOf(preset);
  return keepHeaders
    .filter((name) => isSensitive(String(name)) || credentials.includes(String(name).toLowerCase()))
    .map((name) => {
      const wrong = `keepHeaders of ${sourceNameOf(wiring)} names ${name}, in which a credential may come`;
      return wiringProblem(
        wrong,
        'Leave it out: what is kept with an event is shown to people and handlers.',
      );
    });
}

/** What shares a target shares its limits, so they must agree on them. */
function targetProblems(wired: NamedHandlers): Problem[] {
  return wired.flatMap(([name, options], at) => {
    const first = wired.findIndex(([, { target }]) => target !== undefined && target === options.target);
    const [firstName, others] = wired[first] ?? [];
    if (!others || first === at) return [];
    return (['concurrency', 'ratePerSecond'] as const)
      .filter((limit) => options[limit] !== others[limit])
      .map((limit) => {
        const [ours, theirs] = [options[limit] ?? 'not set', others[limit] ?? 'not set'];
        const wrong = `${limit} of ${name} is ${ours}, and of ${firstName}, which has the same target, ${theirs}`;
        return wiringProblem(wrong, 'Give both the same, or make one handler of them and wire it twice.');
      });
  });
}
