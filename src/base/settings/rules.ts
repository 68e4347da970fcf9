/**
 * Rules for what a user writes by name: the knobs of config/service.ts, the entries of config/sources.ts, the options of each
 * kind of handler. A table of rules is the only declaration; types are derived from it or held against it.
 *
 * Reading a value lists every flaw and throws none. A flaw gives the value and what may stand there instead. A rule whose
 * value may hold a secret says `wrong` in words of its own, so that the value is never repeated.
 */

export interface Flaw {
  /** Which member of the value, from outside in; empty for the value itself. */
  readonly path: readonly string[];
  /** Reads after the name of the value. */
  readonly wrong: string;
  /** One or more sentences. */
  readonly fix: string;
}

export interface ReadValue<Value> {
  /** If there is a flaw, what holds if nothing is written. */
  readonly value: Value;
  readonly flaws: readonly Flaw[];
}

/** Reads a value; `undefined` if none is written. */
export type Rule<Value> = (given: unknown) => ReadValue<Value>;

export type RuleTable = Readonly<Record<string, Rule<unknown>>>;
export type ValuesOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Rule<infer Value> ? Value : never;
};
/** A table of exactly these names and types. */
export type RulesFor<Options> = { readonly [Name in keyof Options]-?: Rule<Options[Name] | undefined> };

interface Details {
  /** Instead of the value, if that may hold a secret. */
  readonly wrong?: string;
  readonly isRequired?: true;
}

export function flaw(wrong: string, fix: string, ...path: readonly string[]): Flaw {
  return { path, wrong, fix };
}

/** Takes any value that passes the test. `fix` says what to write, as a sentence. */
export function valueThat<Value>(
  passes: (given: unknown) => boolean,
  fix: string,
  { wrong, isRequired }: Details = {},
): Rule<Value | undefined> {
  return (given) => {
    if (given === undefined) return { value: given, flaws: isRequired ? [flaw('is missing', fix)] : [] };
    if (passes(given)) return { value: given as Value, flaws: [] };
    return { value: undefined, flaws: [flaw(wrong ?? `is ${shown(given)}`, fix)] };
  };
}

export function text(passes: (given: string) => boolean, fix: string, details?: Details) {
  return valueThat<string>((given) => typeof given === 'string' && passes(given), fix, details);
}

/** At least one, unless `isEmptyFine`. */
export function listOfTexts(
  passes: (entry: string) => boolean,
  fix: string,
  details?: Details,
  isEmptyFine = false,
) {
  const isEntry = (entry: unknown) => typeof entry === 'string' && passes(entry);
  const isList = (given: unknown) =>
    Array.isArray(given) && given.every(isEntry) && (isEmptyFine || given.length > 0);
  return valueThat<readonly string[]>(isList, fix, details);
}

export function choiceOf<Name extends string>(names: readonly Name[]): Rule<Name | undefined> {
  const known: readonly unknown[] = names;
  return (given) => {
    const fix = withNearest(given, names, `Use ${names.join(', ')}.`);
    return valueThat<Name>((one) => known.includes(one), fix)(given);
  };
}

export function functionLike<Value>(fix: string) {
  return valueThat<Value>((given) => typeof given === 'function', fix);
}

export type NumberRule = Rule<number | undefined> & { readonly range: string };

export function integer(least: number, most: number): NumberRule {
  const range = `${least} to ${most}`;
  const passes = (given: unknown) => Number.isInteger(given) && isBetween(given, least, most);
  return ranged(range, passes, `Use a whole number from ${range}.`);
}

export function number(least: number, most: number): NumberRule {
  return ranged(`${least} to ${most}`, (given) => isBetween(given, least, most));
}

/** Infinity means never. */
export function numberOrInfinity(least: number, most: number): NumberRule {
  const passes = (given: unknown) => given === Number.POSITIVE_INFINITY || isBetween(given, least, most);
  return ranged(`${least} to ${most}, or Infinity`, passes);
}

function ranged(range: string, passes: (given: unknown) => boolean, fix = `Use ${range}.`): NumberRule {
  return Object.assign(valueThat<number>(passes, fix), { range });
}

export function withDefault<Value>(rule: Rule<Value | undefined>, fallback: Value): Rule<Value> {
  return (given) => {
    const { value = fallback, flaws } = rule(given);
    return { value, flaws };
  };
}

export type MembersRule<Table> = Rule<ValuesOf<Table>> & { readonly table: Table };

/** An object with a rule for each member. `others` are names that somebody else reads; `between` compares members. */
export function members<Table extends RuleTable>(
  table: Table,
  between: (values: ValuesOf<Table>) => readonly Flaw[] = () => [],
  others: readonly string[] = [],
): MembersRule<Table> {
  const names = [...Object.keys(table), ...others];
  const read: Rule<ValuesOf<Table>> = (given) => {
    const object = isObject(given) ? given : {};
    const read = Object.entries(table).map(([name, rule]) => ({ name, ...rule(object[name]) }));
    const value = Object.fromEntries(read.map((member) => [member.name, member.value])) as ValuesOf<Table>;
    const flaws: Flaw[] = read.flatMap((member) =>
      member.flaws.map((one) => ({ ...one, path: [member.name, ...one.path] })),
    );
    if (given !== undefined && !isObject(given))
      flaws.unshift(flaw(`is ${kindOf(given)}`, `Write { ${names.join(', ')} }, or some of them.`));
    flaws.push(...unknownIn(object, names));
    const more = between(value).filter(({ path: [name] }) => !flaws.some(({ path }) => path[0] === name));
    return { value, flaws: [...flaws, ...more] };
  };
  return Object.assign(read, { table });
}

function unknownIn(object: Readonly<Record<string, unknown>>, names: readonly string[]): Flaw[] {
  const fix = `The names are ${names.join(', ')}.`;
  return Object.entries(object)
    .filter(([name, value]) => value !== undefined && !names.includes(name))
    .map(([name]) => flaw('is not known', withNearest(name, names, fix), name));
}

function withNearest(given: unknown, names: readonly string[], fix: string): string {
  const near = typeof given === 'string' ? nearestTo(given, names) : undefined;
  return near === undefined ? fix : `Did you mean ${near}? ${fix}`;
}

/** The name that was probably meant; undefined if none is near. Swapped neighbours, like `bukcet`, count as two changes. */
export function nearestTo(given: string, names: readonly string[]): string | undefined {
  const far = Math.min(Math.max(2, Math.floor(given.length / 3)) + 1, given.length);
  const changesTo = (name: string) => changesBetween(given.toLowerCase(), name.toLowerCase());
  const [nearest] = names.toSorted((one, other) => changesTo(one) - changesTo(other));
  return nearest !== undefined && changesTo(nearest) < far ? nearest : undefined;
}

/** Levenshtein's distance, row by row. */
function changesBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [above, letter] of [...one].entries()) {
    const next = [above + 1];
    for (const [at, twin] of [...other].entries()) {
      const replaced = (row[at] as number) + (letter === twin ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] as number) + 1, (next[at] as number) + 1));
    }
    row = next;
  }
  return row.at(-1) as number;
}

function isBetween(given: unknown, least: number, most: number): boolean {
  return typeof given === 'number' && given >= least && given <= most;
}

export function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

const SHOWN_MAX = 60;

/** A value as a message shows it: short, and of objects no more than that they are. */
function shown(given: unknown): string {
  const isText =
    typeof given === 'string' || (Array.isArray(given) && given.every((one) => typeof one === 'string'));
  if (!isText) return ['number', 'boolean', 'bigint'].includes(typeof given) ? String(given) : kindOf(given);
  const written = JSON.stringify(given);
  return written.length > SHOWN_MAX ? `${written.slice(0, SHOWN_MAX)}…` : written;
}

function kindOf(given: unknown): string {
  if (given === undefined || given === null) return String(given);
  if (Array.isArray(given)) return 'a list';
  return typeof given === 'object' ? 'an object' : `a ${typeof given}`;
}
