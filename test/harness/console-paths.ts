/** The paths of a page as they are in a test: its parameters take what there is in the inbox of console-night.ts. */

/** The parameters of paths, and where a value for each is found: a page, and what of its JSON. */
const VALUES: Readonly<Record<string, (url: string) => Promise<readonly string[]>>> = {};

/** Queries under which a page looks another way. */
const QUERIES: Readonly<Record<string, readonly string[]>> = {};

export async function consolePaths(url: string, path: string): Promise<string[]> {
  const [, name] = /:(\w+)/.exec(path) ?? [];
  const values = name === undefined ? [''] : ((await VALUES[name]?.(url)) ?? []);
  const filled = values.map((value) => path.replace(`:${name}`, value));
  return filled.flatMap((one) => ['', ...(QUERIES[path] ?? [])].map((query) => `${one}${query}`));
}
