/** The paths of a page as they are in a test: its parameters take what there is in the inbox of console-night.ts. */
import { HOSTILE_TYPE, PARCEL } from './console-night.ts';

interface Listed {
  readonly events: readonly { readonly id: string; readonly type: string }[];
}

/** The parameters of paths, and where a value for each is found. */
const VALUES: Readonly<Record<string, (url: string) => Promise<readonly string[]>>> = {
  async id(url) {
    const list = async (query: string) =>
      ((await (await fetch(`${url}/events?${query}`)).json()) as Listed).events;
    const hostile = (await list('source=flexport&limit=5')).filter(({ type }) => type === HOSTILE_TYPE);
    const others = await Promise.all([
      list(`key=${PARCEL}`),
      list('state=dead&limit=1'),
      list('state=held&limit=1'),
    ]);
    return [...hostile, ...others.flatMap(([first]) => first ?? [])].map(({ id }) => id);
  },
};

/** Queries under which a page looks another way; some pages have nothing without one. */
const QUERIES: Readonly<Record<string, readonly string[]>> = {
  '/events': [
    '',
    '?state=dead',
    '?state=done&source=shippo&limit=7',
    `?q=${PARCEL}`,
    '?q=nothing-has-this',
    '?handler=wrong',
    '?search=hostile',
  ],
  '/charts': ['', '?span=3h', '?span=7d&source=shippo', '?span=30d'],
  '/events/confirm': [
    '?verb=replay&scope=all&state=dead',
    '?verb=discard&scope=picked',
    '?verb=replay&scope=all',
  ],
  '/events/:id': ['', '?body=raw', '?body=hex', '?verify=1'],
};

export async function consolePaths(url: string, path: string): Promise<string[]> {
  const [, name] = /:(\w+)/.exec(path) ?? [];
  const values = name === undefined ? [''] : ((await VALUES[name]?.(url)) ?? []);
  const filled = values.map((value) => path.replace(`:${name}`, value));
  return filled.flatMap((one) => (QUERIES[path] ?? ['']).map((query) => `${one}${query}`));
}
