/** Telegram Bot API. */
import { custom } from '../../custom.ts';

export const telegram = custom({
  name: 'telegram',
  title: 'Telegram Bot API',
  forms: [{ in: { header: 'X-Telegram-Bot-Api-Secret-Token' }, algorithm: 'equal' }],
  id: [['update_id']],
  type: [],
  keys: { chat: [['message', 'chat', 'id']] },
  retries: { after: 'anything' },
  sample: 'message',
  setUp: [
    'Call setWebhook of the Bot API with the URL of this source, and a `secret_token` of your own making: letters, digits, _ and -.',
    'Put that into TELEGRAM_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; core.telegram.org/bots/api#setwebhook',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
