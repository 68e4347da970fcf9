/**
 * Consignee inside an Express 5 application, on the application's own port.
 *
 *   npm install consignee express
 *   NODE_ENV=development SHIPPO_WEBHOOK_SECRET=… node app.ts   # Node 24 or later; production wants TLS
 *
 * Shippo sends to /hooks/webhooks/shippo. The event is on disk before it is answered; the handler is a closure of this file.
 */
import { createConsignee, type Handle, shippo } from 'consignee';
import type { ShippoEvent } from 'consignee/events/shippo';
import { mount } from 'consignee/express';
import express from 'express';

/** Stands for the database of the application. An event may come twice, so a handler writes what it would write again. */
const parcels = new Map<string, string>();

const updateParcel: Handle<ShippoEvent> = (event) => {
  if (event.type !== 'track_updated') return;
  const { tracking_number: number, tracking_status: state } = event.data.data;
  parcels.set(number, state?.status ?? 'UNKNOWN');
};

const consignee = createConsignee({
  sources: [{ preset: shippo, handlers: { parcels: updateParcel } }],
});
await consignee.start();

const app = express();
// Before any body parser: a signature is over the bytes.
app.use('/hooks', mount(consignee));
app.use(express.json());
app.get('/parcels/:number', (request, response) => {
  response.json({ status: parcels.get(request.params.number) ?? null });
});
app.get('/readyz', (_request, response) => {
  response.sendStatus(consignee.ready() ? 200 : 503);
});

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on ${JSON.stringify(server.address())}`);
});

process.once('SIGTERM', async () => {
  await consignee.stop();
  server.close();
});
