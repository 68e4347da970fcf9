/** Contentful. */
import { custom } from '../../custom.ts';

export const contentful = custom({
  name: 'contentful',
  title: 'Contentful',
  forms: [
    {
      in: { header: 'x-contentful-signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{method}\n{target}\n{listed:x-contentful-signed-headers}\n{body}',
      time: { from: 'header:x-contentful-timestamp', unit: 'ms', toleranceSeconds: 30 },
    },
  ],
  id: [],
  type: [{ header: 'X-Contentful-Topic' }],
  keys: { entry: [['sys', 'id']] },
  retries: { after: 'trouble' },
  sample: 'entry-publish',
  sampleType: 'ContentManagement.Entry.publish',
  setUp: [
    'In the space, under Settings, Webhooks, add the URL of this source.',
    'There, under the tab Settings, Enable request verification makes the signing secret, which is shown once: put it into CONTENTFUL_WEBHOOK_SECRET.',
    'It signs the URL: write it as it is registered there into CONTENTFUL_PUBLIC_URL.',
  ],
  known: {
    from: 'contentful/node-apps-toolkit src/requests/sign-request.ts; contentful.com/developers/docs/extensibility/webhooks/request-verification',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
