/**
 * Rules for what a user writes by name: the knobs of config/service.ts, the entries of config/sources.ts, the options of each
 * kind of handler. A table of rules is the only declaration; types are derived from it or held against it.
 *
 * Reading a value lists every flaw and throws none. A flaw gives the value and what may stand there instead. A rule whose
 * value may hold a secret says `wrong` in words of its own, so that the value is never repeated.
 */
import { nearestTo } from './nearest.ts';

export interface Flaw {
  /** Which member of the value, from outside in; empty for the value itself. */
  readonly path: readonly string[];
  /** Reads after the name of the value. */
  readonly wrong: string;
  /** One or more sentences. */
  readonly fix: string;
}

export interface Rule<Value> {
  /** What to write there, as a sentence. */
  readonly fix: string;
  /** `undefined` is what is not written. A value with a flaw is replaced by what holds if nothing is written. */
  read(given: unknown): { readonly value: Value; readonly flaws: readonly Flaw[] };
}

export type RuleTable = Readonly<Record<string, Rule<unknown>>>;
export type ValuesOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Rule<infer Value> ? Value : never;
};
/** A table of exactly these names and types. */
export type RulesFor<Options> = { readonly [Name in keyof Options]-?: Rule<Options[Name] | undefined> };

export function flaw(wrong: string, fix: string, ...path: readonly string[]): Flaw {
  return { path, wrong, fix };
}

/** Any value that passes the test. */
export function valueThat<Value>(
  passes: (given: unknown) => boolean,
  fix: string,
  wrong?: string,
): Rule<Value | undefined> {
  return {
    fix,
    read(given) {
      if (given === undefined || passes(given)) return { value: given as Value | undefined, flaws: [] };
      return { value: undefined, flaws: [flaw(wrong ?? `is ${shown(given)}`, fix)] };
    },
  };
}

export function text(passes: (given: string) => boolean, fix: string, wrong?: string) {
  return valueThat<string>((given) => typeof given === 'string' && passes(given), fix, wrong);
}

export interface NumberRule extends Rule<number | undefined> {
  readonly range: string;
}

export function integer(least: number, most: number): NumberRule {
  const passes = (given: unknown) => Number.isInteger(given) && isBetween(given, least, most);
  const range = `${least} to ${most}`;
  return { ...valueThat<number>(passes, `Use a whole number from ${range}.`), range };
}

export function number(least: number, most: number): NumberRule {
  const range = `${least} to ${most}`;
  return { ...valueThat<number>((given) => isBetween(given, least, most), `Use ${range}.`), range };
}

/** Infinity means never. */
export function numberOrInfinity(least: number, most: number): NumberRule {
  const passes = (given: unknown) => given === Number.POSITIVE_INFINITY || isBetween(given, least, most);
  const range = `${least} to ${most}, or Infinity`;
  return { ...valueThat<number>(passes, `Use ${range}.`), range };
}

export function choiceOf<Name extends string>(names: readonly Name[]): Rule<Name | undefined> {
  const fix = `Use ${names.join(', ')}.`;
  return {
    fix,
    read(given) {
      if (given === undefined || isOneOf(names, given)) return { value: given, flaws: [] };
      return { value: undefined, flaws: [flaw(`is ${shown(given)}`, withNearest(given, names, fix))] };
    },
  };
}

export function textList(
  passes: (entry: string) => boolean,
  fix: string,
  wrong?: string,
): Rule<readonly string[] | undefined> {
  const isText = (entry: unknown) => typeof entry === 'string' && passes(entry);
  return valueThat((given) => Array.isArray(given) && given.every(isText), fix, wrong);
}

// biome-ignore lint/suspicious/noExplicitAny: any function is one, whatever its parameters.
export function functionLike<Value extends (...all: any) => unknown>(fix: string) {
  return valueThat<Value>((given) => typeof given === 'function', fix);
}

/** It must be written. */
export function required<Value>(rule: Rule<Value>): Rule<Value> {
  return {
    fix: rule.fix,
    read(given) {
      if (given !== undefined) return rule.read(given);
      return { ...rule.read(given), flaws: [flaw('is missing', rule.fix)] };
    },
  };
}

export function withDefault<Value>(rule: Rule<Value | undefined>, fallback: Value): Rule<Value> {
  return {
    fix: rule.fix,
    read(given) {
      const { value = fallback, flaws } = rule.read(given);
      return { value, flaws };
    },
  };
}

export interface Members<Table> extends Rule<ValuesOf<Table>> {
  readonly table: Table;
}

/** An object with a rule for each member. `others` are names that somebody else reads; `between` compares members. */
export function members<Table extends RuleTable>(
  table: Table,
  between: (values: ValuesOf<Table>) => readonly Flaw[] = () => [],
  others: readonly string[] = [],
): Members<Table> {
  const names = [...Object.keys(table), ...others];
  const fix = `Write { ${names.join(', ')} }, or some of them.`;
  return {
    fix,
    table,
    read(given) {
      const object = isObject(given) ? given : {};
      const reads = Object.entries(table).map(([name, rule]) => ({ name, ...rule.read(object[name]) }));
      const values = Object.fromEntries(reads.map(({ name, value }) => [name, value])) as ValuesOf<Table>;
      const flaws = [
        ...(given === undefined || isObject(given) ? [] : [flaw(`is ${kindOf(given)}`, fix)]),
        ...reads.flatMap(({ name, flaws }) => flaws.map((one) => ({ ...one, path: [name, ...one.path] }))),
        ...unknownIn(object, names),
      ];
      const more = between(values).filter(({ path: [name] }) => !flaws.some(({ path }) => path[0] === name));
      return { value: values, flaws: [...flaws, ...more] };
    },
  };
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

function isOneOf<Name extends string>(names: readonly Name[], given: unknown): given is Name {
  return (names as readonly unknown[]).includes(given);
}

function isBetween(given: unknown, least: number, most: number): boolean {
  return typeof given === 'number' && given >= least && given <= most;
}

function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

const SHOWN_MAX = 60;

/** A value as a message shows it: short, and of objects no more than that they are. */
export function shown(given: unknown): string {
  if (typeof given === 'string' || (Array.isArray(given) && given.every((one) => typeof one === 'string'))) {
    const written = JSON.stringify(given);
    return written.length > SHOWN_MAX ? `${written.slice(0, SHOWN_MAX)}…` : written;
  }
  return ['number', 'boolean', 'bigint'].includes(typeof given) ? String(given) : kindOf(given);
}

function kindOf(given: unknown): string {
  if (given === undefined || given === null) return String(given);
  if (Array.isArray(given)) return 'a list';
  return typeof given === 'object' ? 'an object' : `a ${typeof given}`;
}
