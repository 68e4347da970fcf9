/** The bound: node:http alone, the HMAC checked, nothing stored, nothing logged. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const secret = process.env.FLEXPORT_WEBHOOK_SECRET ?? '';

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
    const given = Buffer.from(String(request.headers['x-hub-signature'] ?? ''));
    const genuine = given.length === expected.length && timingSafeEqual(given, expected);
    if (genuine) JSON.parse(body.toString());
    response.writeHead(genuine ? 200 : 401, { 'Content-Length': 2 }).end('OK');
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
