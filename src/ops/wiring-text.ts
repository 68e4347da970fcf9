/**
 * Adds a source to the text of somebody's sources.ts: its preset to the import from 'consignee', and a line to the end of the
 * list. Called by scaffold.ts and add.ts. Leaves alone what it does not understand.
 */
import type { Preset } from '../verify/preset.ts';

const IMPORT = /import \{([^}]*)\} from (['"])consignee\2/;

/** Undefined if the text has no such import, or does not end with its list. `handler`: a name that is known there. */
export function addToWiring(text: string, preset: Preset, handler: string): string | undefined {
  const imported = IMPORT.exec(text);
  const end = endOfList(text);
  if (!imported || end === undefined) return undefined;
  const [whole, names = '', quote = "'"] = imported;
  const before = text.slice(0, end).trimEnd();
  const comma = before.endsWith(',') || before.endsWith('[') ? '' : ',';
  const line = `\n  { preset: ${exportNameOf(preset)}, handlers: { ${handler} } },\n`;
  const added = `${before}${comma}${line}${text.slice(end)}`;
  const list = [
    ...new Set([...names.split(','), exportNameOf(preset), ...wantedFor(handler)].map((name) => name.trim())),
  ];
  return added.replace(
    whole,
    `import { ${list.filter(Boolean).sort(byName).join(', ')} } from ${quote}consignee${quote}`,
  );
}

/** As the presets are exported: `coinbase-commerce` is coinbaseCommerce. */
export function exportNameOf({ name }: Preset): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Where the bracket stands that closes the default export's list. */
function endOfList(text: string): number | undefined {
  const ended = /\](?:\)| satisfies [\w[\]]+)?;?\s*$/.exec(text);
  return ended && text.includes('export default') ? ended.index : undefined;
}

function wantedFor(handler: string): string[] {
  return handler === 'log' ? ['log'] : [];
}

function byName(one: string, other: string): number {
  const bare = (name: string) => name.replace(/^type /, '').toLowerCase();
  return bare(one) < bare(other) ? -1 : 1;
}
