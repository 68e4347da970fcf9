/**
 * Writes docs/providers.md from the presets: `node test/docs/providers-page.ts > docs/providers.md`. providers.test.ts holds the
 * page against it.
 */
import { type Preset, presets } from 'consignee';
import { isAsymmetric, isSha1 } from '../../src/verify/form/vocabulary.ts';
import { provesOf, sayForm } from '../../src/verify/form/words.ts';
import type { NamePlace } from '../../src/verify/preset.ts';

const HEAD = `# Providers

Each row is a preset: \`import { stripe } from 'consignee'\`, or \`presets['coinbase-commerce']\`. Put it into \`config/sources.ts\`, and set
\`<SOURCE>_WEBHOOK_SECRET\` (also \`…_FILE\`, \`…_PREVIOUS\`) to what the signature is checked with, whatever its kind. Who signs with a key of
its own is checked by the scheme \`signature\`; everybody else by \`hmac\`. A provider that is not here takes a few lines: [custom](#custom).

- **Shown by** says how we know that the form is right. *vector*: a signature that the provider or its SDK has published passes here. *same form
  as …*: one of a provider that signs alike does. *documentation*: nobody has shown it but words, so try it before you rely on it.
- **Proves** says what a good signature tells. *the sender only*: whoever has caught one delivery may send another content under it.
- An id or type in a header that is not signed names an event, and proves nothing: other names of one body are handed over with a warning, and
  held from the ninth on.
- SHA-1 is accepted where a provider has nothing better. Beside something better it must be allowed (\`<SOURCE>_ALLOW_SHA1\`).

| provider | preset | signature | scheme | id | type | proves | shown by |
| --- | --- | --- | --- | --- | --- | --- | --- |
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
| \`layout\` | \`{ pairs: ',', mac: 'v1' }\` for \`t=…,v1=…\`; \`{ list: ' ', tag: 'v1', mark: ',' }\` for \`v1,… v1,…\` |
| \`encoding\` | \`hex\`, \`base64\`, \`base64url\` |
| \`algorithm\` | \`hmac-sha256\`, \`hmac-sha1\`, \`hmac-sha512\`, \`digest-sha256\`, \`ed25519\`, \`ecdsa-sha256\`, \`rsa-sha256\`, \`equal\` (the value is the secret) |
| \`key\` | how the setting becomes the key: \`text\`, \`nfkd\`, \`hex\`, \`base64\`, \`sha1\`, \`{ base64After: 'whsec_' }\`. Public keys are read as PEM, SPKI or 32 bytes of Ed25519 |
| \`signed\` | what is signed, with \`{body}\` \`{time}\` \`{key}\` \`{header:X}\` \`{listed:X}\` \`{method}\` \`{url}\` \`{target}\` \`{setting:x}\` \`{sha256hex}\` \`{base64}\` \`{form}\` \`{field:x}\` \`{member:a.b}\` |
| \`time\` | \`{ from: 'header:X', unit: 's' }\`; also \`pair:t\` and \`member:a.b\`, \`ms\` and \`date\`; \`toleranceSeconds\` |

What cannot be is a problem at the start, as a misspelt placeholder or a time that nobody signs.

## Not there, and why

JWT in headers of their own (Easyship, Plaid) and keys that must be fetched (ShipEngine and ShipStation v2, Amazon SNS, PayPal, eBay) cannot be said
yet. Microsoft Graph, Salesforce Marketing Cloud, and Walmart's notifications have a handshake or an encoding that is not known well enough.
17TRACK, USPS, Vizion, Packlink, Freightos, Klarna, DHL: how they sign cannot be known from what they publish.
`;

const TICKED = (text: string) => `\`${text}\``;
const placeOf = (place: NamePlace) => TICKED('header' in place ? place.header : place.join('.'));

function rowFor(preset: Preset): string {
  const { title, name, forms, id, type, shownBy = 'samples of its own' } = preset;
  const cells = [
    title,
    TICKED(name),
    forms
      .map((form) => sayForm(form).replace(forms.every(isSha1) ? ' if allowed' : '\n', ''))
      .join(', else '),
    [...new Set(forms.map((form) => (isAsymmetric(form) ? 'signature' : 'hmac')))].join(' or '),
    id.map(placeOf).join(', else ') || 'digest of the body',
    type.map(placeOf).join(', else ') || 'none',
    [...new Set(forms.map(provesOf))].join(', else '),
    shownBy,
  ];
  return `| ${cells.join(' | ').replaceAll('\n', ' ')} |\n`;
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

/** The steps at each provider. */
function setUpOf({ title, setUp }: Preset): string {
  return `- **${title}**: ${setUp.join(' ')}\n`;
}

export function providersPage(): string {
  const unique = [...new Set(Object.values(presets))].sort((one, other) => (one.name < other.name ? -1 : 1));
  const lists = `${LISTS}${unique.map(listRowFor).join('')}`;
  return `${HEAD}${unique.map(rowFor).join('')}\n${lists}\n## Setting up\n\n${unique.map(setUpOf).join('')}${CUSTOM}`;
}

if (import.meta.main) process.stdout.write(providersPage());
