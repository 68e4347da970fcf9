/** `consignee secret show`: says for each live secret where it stands, how old it is, and when it was last used. */

import type { SecretUse } from '../../inbox/contract.ts';
import type { SourceConfig } from '../../serve/config/source.ts';
import type { SecretScheme } from '../../verify/schemes.ts';
import type { Settings } from '../settings.ts';
import { counted } from '../words.ts';
import { ageOf } from './age.ts';
import { nameOfSecret, type Slot, secretSchemesOf, slotsOfSource } from './slots.ts';
import { mayGo, sayUse, useOf } from './uses.ts';

export interface ShowOptions {
  readonly settings: Settings;
  readonly uses: readonly SecretUse[];
  readonly now: number;
}

export function showSecrets(sources: readonly SourceConfig[], options: ShowOptions): string[] {
  return sources.flatMap((source) => {
    const schemes = secretSchemesOf(source);
    if (schemes.length === 0) return [`${source.name}  no live secret`];
    return schemes.flatMap((scheme) => showScheme(source, scheme, options));
  });
}

function showScheme(
  source: SourceConfig,
  scheme: SecretScheme,
  { settings, uses, now }: ShowOptions,
): string[] {
  const { environment } = settings;
  const slots = slotsOfSource(source, scheme, environment);
  const useOfSlot = ({ value }: Slot) => useOf(uses, source.name, scheme, value);
  const [current] = slots;
  const currentUse = current && useOfSlot(current);
  const lines = slots.map((slot) => {
    const use = useOfSlot(slot);
    const parts = [
      slot.label.padEnd(8),
      nameOfSecret(slot.value),
      ...(slot.isCurrent ? [sayAge(slot, settings, now)] : []),
      sayUse(use, now),
      ...(!slot.isCurrent && mayGo(use, currentUse, now) ? ['safe to remove'] : []),
    ];
    return `  ${parts.join('  ')}`;
  });
  const where = current?.file === undefined ? '' : ` in ${current.file}`;
  return [`${source.name}  ${scheme}  ${current?.variable ?? ''}${where}`, ...lines];
}

function sayAge(slot: Slot, { environment }: Settings, now: number): string {
  const age = ageOf(slot, environment, now);
  return typeof age === 'string' ? 'age not known' : `${counted(age.days, 'day')} old by ${age.by}`;
}
