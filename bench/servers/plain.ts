/** What people start with: Express, the HMAC checked, nothing stored. `logged` adds helmet and pino request logging. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';

const secret = process.env.FLEXPORT_WEBHOOK_SECRET ?? '';

function isGenuine(body: Buffer, signature: string | undefined): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(signature ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function mount(app: Express): void {
  app.post('/webhooks/flexport', express.raw({ type: '*/*', limit: '1mb' }), (request, response) => {
    if (!isGenuine(request.body, request.headers['x-hub-signature'] as string | undefined)) {
      response.status(401).send('Invalid signature');
      return;
    }
    JSON.parse(request.body.toString());
    response.status(200).send('OK');
  });
}

const app = express();
if (process.argv[2] === 'logged') app.use(helmet(), pinoHttp());
mount(app);
app.listen(Number(process.env.PORT), '127.0.0.1');
