/**
 * Writes docs/providers.md from the presets: `node test/docs/providers-page.ts > docs/providers.md`. providers.test.ts holds the
 * page against it.
 */
import { type Preset, presets } from 'consignee';
import { durationOf } from '../../src/serve/alarms/alarm.ts';
import { settingOf as prefixed } from '../../src/serve/config/proving.ts';
import { prefixOf } from '../../src/serve/config/source.ts';
import { isAsymmetric, isSha1, publishedKeyOf } from '../../src/verify/form/vocabulary.ts';
import { provesOf, sayForm } from '../../src/verify/form/words.ts';
import { setUpSteps } from '../../src/verify/handshake-words.ts';
import { jwtProves, sayJwt } from '../../src/verify/jwt-form.ts';
import type { NamePlace } from '../../src/verify/preset.ts';
import { providerFate } from '../../src/verify/retries.ts';

const HEAD = `# Providers

Each row is a preset, and leads to its set-up: \`import { stripe } from 'consignee'\`, or \`presets['coinbase-commerce']\`. Put it into \`config/sources.ts\`, and set
\`<SOURCE>_WEBHOOK_SECRET\` (also \`…_FILE\`, \`…_PREVIOUS\`) to what the signature is checked with, whatever its kind. Who signs with a key of
its own is checked by the scheme \`signature\`; who sends a JWT by \`jwt\`; everybody else by \`hmac\`. Where it says *fetched*, there may be [nothing to
set](#fetched-keys). A provider that is not here takes a few lines: [custom](#custom).
From one captured request [\`consignee detect\`](detect.md) finds them out.

- **Shown by** says how we know that the form is right. *vector*: a signature that the provider, its SDK or a library for it has published passes here. *same form
  as …*: one of a provider that signs alike does. *documentation*: nobody has shown it but words, so try it before you rely on it.
- **Proves** says what a good signature tells. *the sender only*: whoever has caught one delivery may send another content under it.
- An id or type in a header that is not signed names an event, and proves nothing: other names of one body are handed over with a warning, and
  held from the ninth on.
- SHA-1 is accepted where a provider has nothing better. Beside something better it must be allowed (\`<SOURCE>_ALLOW_SHA1\`).

| provider | preset | signature | scheme | id | type | proves | shown by |
| --- | --- | --- | --- | --- | --- | --- | --- |
`;

const SET_UP = `Menus are those of the month in which they were read; where a step says no more than that a webhook is to be added, we found no page that does.
Of those without a word about it, nobody says whether they send again.

`;

const FETCHED = `
## Fetched keys

Some providers publish the keys that they sign with. Such a source has no secret: \`<SOURCE>_VERIFY=signature\` switches it on. A key is fetched when
the first request names it, over https, from the addresses of the preset alone, never from a private one, and once a minute at most. Allow
outgoing connections to these hosts. While a key cannot be fetched, requests are answered with 503 (\`keys_unavailable\`), and the provider tries
again; keys that are known go on.

- **Without a connection**: put the key, the JWK Set or the certificate into \`<SOURCE>_WEBHOOK_SECRET\` or its file. It is used instead, and nothing
  is fetched; when the provider changes its key, so must you.
- **One key for all**: where all customers of a provider get signatures by one key, whoever is one may pass on to you what was sent to them. Set
  \`<SOURCE>_WEBHOOK_TOKEN\` as well, and put \`?token=…\` into the URL at the provider. Of Amazon SNS, \`AMAZON_SNS_TOPIC_ARN\` names your topic.
- **Standard Webhooks** says nothing of where public keys are published. Where a sender has a JWK Set, [custom](#custom) names it.
- **Certificates** are good from their first to their last day, by our clock. One in a setting is not held to its days.

| source | keys are at |
| --- | --- |
`;

const CUSTOM = `
## custom

\`\`\`ts
import { custom, log, type SourceWiring } from 'consignee';

const acme = custom({
  name: 'acme',
  forms: [{ in: { header: 'X-Acme-Signature' }, prefix: 'sha256=', encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' }],
  id: [['event', 'id']],
  type: [{ header: 'X-Acme-Topic' }],
  items: { path: ['events'], id: [['id']], type: [['kind']] }, // if it puts several events into one body
});

export default [{ preset: acme, handlers: { log } }] satisfies SourceWiring[];
\`\`\`

| word | what it may be |
| --- | --- |
| \`in\` | \`{ header }\`, \`{ headers: […] }\` (each its own key), \`{ headerSeries, upTo }\`, \`{ member: 'a.b' }\` of the JSON body, \`{ field }\` of a form |
| \`prefix\` | what stands before the signature |
| \`layout\` | \`{ pairs: ',', mac: 'v1' }\` for \`t=…,v1=…\` (or \`;\`); \`{ list: ' ', tag: 'v1', mark: ',' }\` for \`v1,… v1,…\` (\`list\` also \`,\` or \`&\`); \`{ json64: 'signature' }\` for base64 of JSON |
| \`encoding\` | \`hex\`, \`base64\`, \`base64url\` |
| \`algorithm\` | \`hmac-sha256\`, \`hmac-sha1\`, \`hmac-sha512\`, \`digest-sha256\`, \`ed25519\`, \`ecdsa-sha256\`, \`ecdsa-sha1\`, \`rsa-sha256\`, \`rsa-sha1\`, \`equal\` (the value is the secret) |
| \`key\` | how the setting becomes the key: \`text\`, \`nfkd\`, \`hex\`, \`base64\`, \`sha1\`, \`{ base64After: 'whsec_' }\`. Public keys are read as PEM, SPKI, JWK, JWK Set or 32 bytes of Ed25519; fetched by \`{ jwks: 'https://…', kid: 'header:X' }\` or \`{ certificate: 'member:a.b', at: ['https://…/{name}.pem'] }\` |
| \`signed\` | what is signed, with \`{body}\` \`{time}\` \`{key}\` \`{header:X}\` \`{listed:X}\` \`{pair:x}\` \`{pairHeaders:x}\` \`{method}\` \`{url}\` \`{urlWithPort}\` \`{urlWithoutPort}\` \`{target}\` \`{setting:x}\` \`{sha256hex}\` \`{base64}\` \`{form}\` \`{field:x}\` \`{member:a.b}\` \`{lines:a,b}\` |
| \`time\` | \`{ from: 'header:X', unit: 's' }\`; also \`pair:t\` and \`member:a.b\`, \`ms\` and \`date\`; \`toleranceSeconds\` |
| \`signsAll: true\` | nothing else in the body means anything (a field with all of it): copies are known by what is signed, not by their bytes |
| \`unlike\` | what is signed must not have this form: a handshake signs such texts for everybody, or another form does |
| \`when\` | \`[{ member: 'version', is: '2' }]\`: only bodies that say so are checked by the form; \`is: { setting: 'x' }\` compares with a setting |

With \`{url}\` and its kin a request must have the query that is registered; a sender may add \`token\` to it, and the parameter of \`bodyDigest\`. Where
\`{listed:X}\` has the time, the request must list it. A digest that begins with \`{key}\` passes for JSON only, since anybody can go on with it.

A provider that sends a JWT has \`jwt\` instead of \`forms\`:

\`\`\`ts
const acme = custom({
  name: 'acme',
  jwt: { header: 'X-Acme-Token', algorithm: 'ES256', binds: { digest: 'body_sha256', encoding: 'hex' } },
});
\`\`\`

| word | what it may be |
| --- | --- |
| \`header\`, \`word\` | where the token is, and what stands before it: \`Bearer\`, or nothing if left out |
| \`algorithm\` | \`HS256\`, \`RS256\`, \`ES256\`: the only one that is taken, whatever a token says |
| \`binds\` | \`'body'\`: its claims are the body. \`{ digest: 'claim', encoding: 'hex' }\`: a claim is the SHA-256 of the body. \`'nothing'\`: it proves the sender only |
| \`required\` | claims that must be there; \`['iat']\` if left out. With \`iat\` a token is good for as long as any signed time, 300 s |
| \`key\` | \`{ jwks: 'https://…' }\`, whose key the token's \`kid\` names. Left out: \`<SOURCE>_WEBHOOK_SECRET\`, or \`<SOURCE>_JWT_SECRET\` where there are forms too |

What cannot be is a problem at the start, as a misspelt placeholder or a time that nobody signs.

A provider that tries the URL first has \`handshakes\`, a list of these. No event is made of one. \`answer: { status: 204, text: '' }\` beside them is
what accepted events are answered with.

\`\`\`ts
handshakes: [{ when: { method: 'GET', 'query:challenge': /^[\\w-]{1,100}$/ }, answer: { text: '{query:challenge}' } }],
\`\`\`

| word | what it may be |
| --- | --- |
| \`when\` | \`method\` \`GET\`, \`HEAD\` or \`OPTIONS\`, else it is a POST; and \`query:x\`, \`header:X\`, \`member:a.b\`, \`field:x\`: a text, a form from \`^\` to \`$\`, \`null\` for what must not be there, \`'{secret:verifyToken}'\` for the text of \`<SOURCE>_VERIFY_TOKEN\` |
| \`signed\` | \`true\`: every check has to pass first. \`'maybe'\`: it may. Left out: it has no signature, and the other checks have to pass |
| \`answer\` | \`text\` or \`json\`, \`headers\`, \`status\`; with \`{query:x}\` and the like, \`{setting:x}\` for \`<SOURCE>_X\` (\`{setting:x=y}\`: \`y\` if it is not set; \`{setting:publicUrl}\` is the URL as registered), and \`{made}\` |
| \`made\` | \`{ algorithm, key, encoding, of }\`: a MAC by the source's secret; or, with \`digest-sha256\`, a digest that has the secret \`<SOURCE>_X\` in it: \`{secret:x}\` |
| \`brings\` | \`{ what: 'a secret', text: '{header:X}' }\`: kept for \`consignee secret take\` |

## Not there, and why

`;

/** Whom somebody may look for. providers.test.ts holds it against the presets. */
export const LEFT_OUT: readonly { readonly providers: readonly string[]; readonly why: string }[] = [
  { providers: ['Plaid'], why: 'its keys come from an API that asks for credentials' },
  { providers: ['PayPal'], why: 'the chain of its certificates would have to be checked' },
  {
    providers: ['USPS', 'Vizion', 'Packlink', 'Freightos', 'Klarna'],
    why: 'how they sign cannot be known from what they publish',
  },
];

const TICKED = (text: string) => `\`${text}\``;
const placeOf = (place: NamePlace): string => {
  if ('all' in place) return place.all.map(placeOf).join(' and ');
  return TICKED('header' in place ? place.header : place.join('.'));
};

/** As a page of GitHub names a heading in links. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

/** Where forms are written alike, the hash tells them apart. */
function sayForms(forms: Preset['forms']): string[] {
  const isMixed = forms.some(isSha1) && !forms.every(isSha1);
  const plain = (form: Preset['forms'][number]) => sayForm(form).replace(/ if allowed$/, '');
  return forms.map((form) => {
    const isAlike = forms.some((one) => isSha1(one) !== isSha1(form) && plain(one) === plain(form));
    const allowed = isMixed && isSha1(form) ? 'if allowed' : '';
    const hash = isAlike ? `by SHA-${isSha1(form) ? '1' : '256'}` : '';
    return [plain(form), hash, allowed].filter(Boolean).join(' ');
  });
}

function rowFor(preset: Preset): string {
  const { title, name, forms, jwt, id, type, shownBy = 'samples of its own' } = preset;
  // What every source may have besides is no trait of one.
  const tokens = jwt ? [jwt] : [];
  const fetched = forms.some(publishedKeyOf) || jwt?.key ? ', fetched key' : '';
  const cells = [
    `[${title}](#${anchorOf(title)})`,
    TICKED(name),
    [...new Set(sayForms(forms)), ...tokens.map(sayJwt)].join(', else ') + fetched ||
      'none: the token in the URL',
    [
      ...new Set([
        ...forms.map((form) => (isAsymmetric(form) ? 'signature' : 'hmac')),
        ...tokens.map(() => 'jwt'),
      ]),
    ].join(' or ') || 'token',
    id.map(placeOf).join(', else ') || 'digest of the body',
    type.map(placeOf).join(', else ') || 'none',
    [...new Set([...forms.map(provesOf), ...tokens.map(jwtProves)])].join(', else ') || 'the sender only',
    shownBy,
  ];
  // A bar would begin a new cell, also between backticks.
  const escaped = cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' '));
  return `| ${escaped.join(' | ')} |\n`;
}

const LISTS = `## Several events in one body

A handler that is wired as \`each(handler)\` gets these one by one: [handlers.md](handlers.md#several-events-in-one-body). An item without an id is told by the
id of its event and its place in the list. QuickBooks sends CloudEvents to apps that were moved: \`each(handler, { items: [], id: ['id'], type: ['type'] })\`.

| provider | the list | id of an item | type of an item |
| --- | --- | --- | --- |
`;

function listRowFor({ title, items }: Preset): string {
  if (!items) return '';
  const { path, id, type } = items;
  const places = [id, type].map((paths) => paths.map(placeOf).join(', else ') || 'none');
  return `| ${[title, path.length === 0 ? 'the body' : placeOf(path), ...places].join(' | ')} |\n`;
}

/** The steps at each provider, and what is known besides. */
function setUpOf(preset: Preset): string {
  const { title, name, keys = {}, retries, sample, addressLists } = preset;
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['Search keys', Object.keys(keys)],
    ['Address lists', Object.keys(addressLists)],
    ['Sample', sample === undefined ? [] : [sample]],
  ];
  const known = lists
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.map(TICKED).join(', ')}.`);
  const waits =
    retries?.waitsMs === undefined ? [] : [`It waits ${durationOf(retries.waitsMs)} for an answer.`];
  // What is not known is not said forty times.
  const fate = retries ? [`On a 503 ${providerFate({ ...preset, title: 'it' }, 503, durationOf)}.`] : [];
  const steps = setUpSteps(preset, (setting) => prefixed(prefixOf(name), setting));
  return `### ${title}\n\n${[...steps, ...waits, ...fate, ...known].join(' ')}\n\n`;
}

function addressesOf({ name, forms, jwt }: Preset): string {
  const keys = [...forms.map(publishedKeyOf), jwt?.key].flatMap((key) => key ?? []);
  const addresses = new Set(keys.flatMap((key) => ('jwks' in key ? [key.jwks] : key.at)));
  return addresses.size === 0 ? '' : `| ${TICKED(name)} | ${[...addresses].map(TICKED).join(', ')} |\n`;
}

export function providersPage(): string {
  const unique = [...new Set(Object.values(presets))].sort((one, other) => (one.name < other.name ? -1 : 1));
  const lists = `\n${LISTS}${unique.map(listRowFor).join('')}`;
  const setUps = `\n## Setting up\n\n${SET_UP}${unique.map(setUpOf).join('').trimEnd()}\n`;
  const leftOut = LEFT_OUT.map(({ providers, why }) => `- **${providers.join(', ')}**: ${why}.\n`).join('');
  return `${HEAD}${unique.map(rowFor).join('')}${lists}${setUps}${FETCHED}${unique.map(addressesOf).join('')}${CUSTOM}${leftOut}`;
}

if (import.meta.main) process.stdout.write(providersPage());
