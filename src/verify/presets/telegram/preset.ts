/** Telegram Bot API. */
import { custom } from '../../custom.ts';

export const telegram = custom({
  name: 'telegram',
  title: 'Telegram Bot API',
  forms: [{ in: { header: 'X-Telegram-Bot-Api-Secret-Token' }, algorithm: 'equal' }],
  id: [['update_id']],
  type: [],
  sample: 'message',
  setUp: [
    'At Telegram Bot API, add the URL of this source as a webhook, and put the credential that it sends into TELEGRAM_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'documentation',
});
