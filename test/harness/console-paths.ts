/** The paths of a page as they are in a test: its parameters take what there is in the inbox of console-night.ts. */
import { HOSTILE_TYPE, PARCEL, REFUSED_IDS } from './console-night.ts';

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
  ref: async () => REFUSED_IDS,
  source: async () => ['shippo', 'flexport', 'flintn'],
  async action(url) {
    const { actions } = (await (await fetch(`${url}/actions`)).json()) as { actions: { id: number }[] };
    return actions.map(({ id }) => String(id));
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
  '/failures': ['', '?since=24h', '?handler=flintn%2Flog', '?handler=wrong'],
  '/refused': ['', '?since=1h', '?since=7d&source=shippo', '?code=nothing', '?address=203.0.113.9'],
  '/refused/discard': ['?source=shippo&code=hmac_mismatch', '', '?source=nobody'],
  '/refused/recheck': ['?source=shippo', '', `?ids=${REFUSED_IDS[0]}`],
  '/actions': ['', '?before=2'],
  '/live': ['', '?source=flexport', '?source=nobody'],
  '/events/:id': ['', '?body=raw', '?body=hex', '?verify=1'],
};

export async function consolePaths(url: string, path: string): Promise<string[]> {
  const [, name] = /:(\w+)/.exec(path) ?? [];
  const values = name === undefined ? [''] : ((await VALUES[name]?.(url)) ?? []);
  const filled = values.map((value) => path.replace(`:${name}`, value));
  return filled.flatMap((one) => (QUERIES[path] ?? ['']).map((query) => `${one}${query}`));
}
