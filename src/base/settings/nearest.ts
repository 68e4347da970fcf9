/** Finds the name that was probably meant by one that is not known. Used by the messages about misspelt settings. */

/** Undefined if no name is near. Swapped neighbours, like `bukcet`, count as two changes. */
export function nearestTo(given: string, names: readonly string[]): string | undefined {
  const far = Math.max(2, Math.floor(given.length / 3)) + 1;
  const distances = names.map((name) => ({
    name,
    changes: changesBetween(given.toLowerCase(), name.toLowerCase()),
  }));
  const [first] = distances.sort((one, other) => one.changes - other.changes);
  return first !== undefined && first.changes < Math.min(far, given.length) ? first.name : undefined;
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
