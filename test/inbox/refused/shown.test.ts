/** What a refused body shows: neither the credential that events lose, nor what a handshake hands over. */
import { custom, type Preset } from 'consignee';
import { expect, test } from 'vitest';
import { shownBody } from '../../../src/inbox/refused/shown.ts';
import { presets } from '../../../src/verify/presets-by-name.ts';

const bringing = custom({
  name: 'bringing',
  forms: [{ in: { header: 'X-Mac' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' }],
  cut: 'auth',
  handshakes: [
    {
      when: { 'member:deep.secret': /^\w{1,9}$/ },
      answer: {},
      brings: { what: 'a secret', text: '{member:deep.secret}' },
    },
    {
      when: { 'field:the key': /^\w{1,9}$/ },
      answer: {},
      brings: { what: 'a key', text: '{field:the key}' },
    },
  ],
});
const named = (name: string) => presets[name] as Preset;

test.each([
  [named('salesforce-marketing-cloud'), '{"callbackId":"c","verificationKey":"canary","a":1}', '{"a":1}'],
  [named('salesforce-marketing-cloud'), '\ufeff{"verificationKey" : "canary"}', '\ufeff{}'],
  [named('salesforce-marketing-cloud'), '{"verificationKey":"canary","a":', '{"a":'],
  [named('salesforce-marketing-cloud'), '{"verification\\u004bey":"canary"}', '{}'],
  [named('salesforce-marketing-cloud'), '[{"eventCategoryType":"x"}]', '[{"eventCategoryType":"x"}]'],
  [named('notion'), '{"verification_token":"canary","id":"1"}', '{"id":"1"}'],
  [bringing, '{"auth":"canary","deep":{"secret":"canary"},"a":1}', '{"a":1}'],
  [bringing, 'a=1&the+key=canary&th%65%20key=canary&b=%C5%BE', 'a=1&b=%C5%BE'],
  [named('shopify'), '{"id":1}', '{"id":1}'],
])('of %o: %s', (preset, body, shown) => {
  expect(shownBody(Buffer.from(body), preset).toString()).toBe(shown);
});
