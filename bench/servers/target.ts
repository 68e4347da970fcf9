/**
 * What events are forwarded to: counts what it is sent.
 *
 *   node bench/servers/target.ts PORT ok|fail|hang      GET /count
 *
 * `fail` answers 503, `hang` never answers.
 */
import { createServer } from 'node:http';

const [port = '', mode = 'ok'] = process.argv.slice(2);
let count = 0;

createServer((request, response) => {
  if (request.method === 'GET') return void response.end(String(count));
  request.resume().on('end', () => {
    count++;
    if (mode === 'hang') return;
    response.writeHead(mode === 'fail' ? 503 : 200).end();
  });
}).listen(Number(port), '127.0.0.1');
