/**
 * Knobs: rules with a default and a meaning, for the tables behind config/service.ts. docs/knobs.md is made of them.
 *
 * A knob that is not written takes its default, so an older file works with a newer version.
 */
import { type Flaw, flaw, type NumberRule, type Rule, withDefault } from './rules.ts';

export type Knob = Rule<number> & {
  readonly range: string;
  readonly fallback: number;
  readonly meaning: string;
};

export function knob(rule: NumberRule, fallback: number, meaning: string): Knob {
  return Object.assign(withDefault(rule, fallback), { range: rule.range, fallback, meaning });
}

/** For two members of which the first must not exceed the second. */
export function notAbove<Name extends string>(least: Name, most: Name) {
  return (values: Readonly<Record<Name, number>>): Flaw[] => {
    if (values[least] <= values[most]) return [];
    return [flaw(`is ${values[least]}`, `Use at most ${most}, which is ${values[most]}.`, least)];
  };
}
