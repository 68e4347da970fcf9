/**
 * Consignee inside a Fastify application, on the application's own port.
 *
 *   npm install consignee fastify
 *   NODE_ENV=development SHIPPO_WEBHOOK_SECRET=… node app.ts   # Node 24 or later; production wants TLS
 *
 * Shippo sends to /webhooks/shippo. The event is on disk before it is answered; the handler is a closure of this file.
 */
import { createConsignee, type Handle, shippo } from 'consignee';
import type { ShippoEvent } from 'consignee/events/shippo';
import Fastify from 'fastify';

/** Stands for the database of the application. An event may come twice, so a handler writes what it would write again. */
const parcels = new Map<string, string>();

const updateParcel: Handle<ShippoEvent> = (event) => {
  if (event.type !== 'track_updated') return;
  const { tracking_number: number, tracking_status: state } = event.data.data;
  parcels.set(number, state?.status ?? 'UNKNOWN');
};

const fastify = Fastify();
const consignee = createConsignee({
  sources: [{ preset: shippo, handlers: { parcels: updateParcel } }],
});
await consignee.start();

fastify.route({
  method: fastify.supportedMethods,
  url: '/webhooks/*',
  // Before Fastify parses the body: a signature is over the bytes.
  onRequest(request, reply) {
    reply.hijack();
    consignee.handle(request.raw, reply.raw);
  },
  handler() {},
});
fastify.get<{ Params: { number: string } }>('/parcels/:number', async ({ params }) => {
  return { status: parcels.get(params.number) ?? null };
});
fastify.get('/readyz', async (_request, reply) => reply.code(consignee.ready() ? 200 : 503).send());

await fastify.listen({ port: Number(process.env.PORT ?? 3000), host: '0.0.0.0' });
console.log(`listening on ${JSON.stringify(fastify.addresses()[0])}`);

process.once('SIGTERM', async () => {
  await consignee.stop();
  await fastify.close();
});
