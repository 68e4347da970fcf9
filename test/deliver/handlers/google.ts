/**
 * Cloud Storage and BigQuery as the two libraries see them, on one local port, as far as the handlers use them:
 *
 *   POST /upload/storage/v1/b/<bucket>/o?uploadType=multipart&name=…&ifGenerationMatch=0    412 if it is there
 *   GET  /storage/v1/b/<bucket>/o/<name>, …/b/<bucket>/iam/testPermissions
 *   POST /bigquery/v2/projects/<p>/datasets/<d>/tables/<t>/insertAll                        insert ids are remembered
 *   GET, POST, PATCH of tables, POST of datasets
 *
 * It can be told how to treat the next writes (uploads and insertAll), one after the other.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CRC32C } from '@google-cloud/storage';

export type Treatment =
  | { readonly status: number; readonly retryAfter?: string; readonly message?: string; readonly html?: true }
  /** Takes nothing and says nothing. */
  | 'never'
  /** Takes it, and breaks off in the middle of the answer. */
  | 'cut'
  | RowFate;

/** What becomes of a row; `undefined`: it is taken. */
export type RowFate = (row: StoredRow) => { reason: string; message: string } | undefined;

export interface StoredObject {
  readonly body: Buffer;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly crc32c: string;
}

export type StoredRow = Readonly<Record<string, string | null>>;

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly mode?: string;
}

export interface StoredTable {
  fields: Field[];
  readonly rows: StoredRow[];
  readonly insertIds: Set<string>;
  readonly timePartitioning?: unknown;
  readonly clustering?: unknown;
}

interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

export interface Google {
  readonly url: string;
  /** By bucket and name: `bucket/name`. */
  readonly objects: Map<string, StoredObject>;
  readonly buckets: Set<string>;
  /** Buckets that may not be written to, and those that may neither be read nor overwritten. */
  readonly forbidden: Set<string>;
  readonly createOnly: Set<string>;
  /** By dataset and table: `dataset.table`. */
  readonly tables: Map<string, StoredTable>;
  readonly datasets: Map<string, string>;
  /** Everything that was asked, as `POST /path`. */
  readonly asked: string[];
  /** Rows in each insertAll. */
  readonly batches: number[];
  readonly authorizations: string[];
  /** Requests that got no answer and whose connection is still open. */
  readonly hanging: Set<IncomingMessage>;
  treat(...treatments: Treatment[]): void;
  /** Forgets what is left of them. */
  clearTreatments(): void;
  close(): Promise<void>;
}

const OLD_FIELDS: Field[] = [
  { name: 'id', type: 'STRING', mode: 'NULLABLE' },
  { name: 'ts', type: 'DATETIME', mode: 'NULLABLE' },
  { name: 'payload', type: 'STRING', mode: 'NULLABLE' },
];
const FIELDS: Field[] = [
  ...OLD_FIELDS,
  { name: 'source', type: 'STRING', mode: 'NULLABLE' },
  { name: 'type', type: 'STRING', mode: 'NULLABLE' },
];
const DATETIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/;

export function newTable(kind: 'whole' | 'old' = 'whole'): StoredTable {
  return { fields: kind === 'old' ? [...OLD_FIELDS] : [...FIELDS], rows: [], insertIds: new Set() };
}

export async function startGoogle(): Promise<Google> {
  const treatments: Treatment[] = [];
  const google: Google = {
    url: '',
    objects: new Map(),
    buckets: new Set(['webhooks']),
    forbidden: new Set(),
    createOnly: new Set(),
    tables: new Map([['shipping.events', newTable()]]),
    datasets: new Map([['shipping', 'EU']]),
    asked: [],
    batches: [],
    authorizations: [],
    hanging: new Set(),
    treat: (...more) => void treatments.push(...more),
    clearTreatments: () => void treatments.splice(0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer((message, response) => {
    void readRequest(message).then((request) => {
      google.asked.push(`${request.method} ${request.url.pathname}`);
      if (request.headers.authorization) google.authorizations.push(request.headers.authorization);
      const isWrite =
        request.url.pathname.startsWith('/upload/') || request.url.pathname.endsWith('/insertAll');
      respond(google, request, isWrite ? treatments.shift() : undefined, message, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(google, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function readRequest(message: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const url = new URL(message.url ?? '/', 'http://google');
  return { method: message.method ?? '', url, headers: message.headers, body: Buffer.concat(chunks) };
}

function respond(
  google: Google,
  request: Request,
  treatment: Treatment | undefined,
  message: IncomingMessage,
  response: ServerResponse,
): void {
  if (treatment === 'never') {
    google.hanging.add(message);
    message.socket.once('close', () => google.hanging.delete(message));
    return;
  }
  if (typeof treatment === 'object') {
    const { status, retryAfter, message: words = 'as told', html } = treatment;
    const type = html ? 'text/html' : 'application/json';
    response.writeHead(status, { 'Content-Type': type, ...(retryAfter && { 'Retry-After': retryAfter }) });
    response.end(html ? `<html><h1>${words}</h1></html>` : JSON.stringify(errorOf(status, words).json));
    return;
  }
  const { status, json } = answer(google, request, typeof treatment === 'function' ? treatment : undefined);
  const text = JSON.stringify(json);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  if (treatment !== 'cut') return void response.end(text);
  response.write(text.slice(0, text.length / 2), () => response.destroy());
}

function errorOf(code: number, message: string): Answer {
  return { status: code, json: { error: { code, message, errors: [{ message, reason: 'asTold' }] } } };
}

function answer(google: Google, request: Request, fate?: RowFate): Answer {
  const { method, url } = request;
  const parts = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (parts[0] === 'upload') return upload(google, parts[4] as string, request);
  if (parts[0] === 'storage') return lookAt(google, parts[3] as string, parts.slice(4));
  const [, , , project, , dataset, , table, verb] = parts;
  if (project !== 'test-project') return errorOf(404, `Not found: Project ${project}`);
  if (dataset === undefined) return createDataset(google, request);
  if (!google.datasets.has(dataset)) return errorOf(404, `Not found: Dataset ${project}:${dataset}`);
  if (table === undefined) return createTable(google, dataset, request);
  const stored = google.tables.get(`${dataset}.${table}`);
  if (!stored) return errorOf(404, `Not found: Table ${project}:${dataset}.${table}`);
  if (verb === 'insertAll') return insertAll(google, stored, request, fate);
  return method === 'PATCH' ? changeTable(stored, request) : { status: 200, json: describe(stored) };
}

function upload(google: Google, bucket: string, { url, headers, body }: Request): Answer {
  if (!google.buckets.has(bucket)) return errorOf(404, 'The specified bucket does not exist.');
  if (google.forbidden.has(bucket)) return errorOf(403, 'nobody does not have storage.objects.create access');
  const name = `${bucket}/${url.searchParams.get('name')}`;
  if (google.createOnly.has(bucket) && google.objects.has(name)) {
    return errorOf(
      403,
      'nobody does not have storage.objects.delete access to the Google Cloud Storage object.',
    );
  }
  if (url.searchParams.get('ifGenerationMatch') === '0' && google.objects.has(name)) {
    return errorOf(412, 'At least one of the pre-conditions you specified did not hold.');
  }
  const boundary = `--${/boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1]}`;
  const [about, content] = [1, 2].map((at) => partOf(body, boundary, at)) as [Buffer, Buffer];
  const { crc32c, contentType, metadata } = JSON.parse(about.toString()) as StoredObject;
  const checksum = new CRC32C();
  checksum.update(content);
  if (checksum.toString() !== crc32c) return errorOf(400, 'Provided CRC32C does not match.');
  google.objects.set(name, { body: content, contentType, metadata, crc32c });
  return { status: 200, json: { name, crc32c } };
}

/** The bytes between the empty line of a part and the line break before the next boundary. */
function partOf(body: Buffer, boundary: string, which: number): Buffer {
  let start = body.indexOf(boundary);
  for (let at = 1; at < which; at++) start = body.indexOf(boundary, start + boundary.length);
  const from = body.indexOf('\r\n\r\n', start) + 4;
  return body.subarray(from, body.indexOf(`\r\n${boundary}`, from));
}

function lookAt(google: Google, bucket: string, [what, name]: string[]): Answer {
  if (!google.buckets.has(bucket)) return errorOf(404, 'The specified bucket does not exist.');
  if (what === 'iam') {
    return {
      status: 200,
      json: google.forbidden.has(bucket) ? {} : { permissions: ['storage.objects.create'] },
    };
  }
  if (google.createOnly.has(bucket)) return errorOf(403, 'nobody does not have storage.objects.get access');
  const object = google.objects.get(`${bucket}/${name}`);
  return object ? { status: 200, json: { name, crc32c: object.crc32c } } : errorOf(404, 'No such object');
}

function createDataset(google: Google, { body }: Request): Answer {
  const { datasetReference, location } = JSON.parse(body.toString());
  google.datasets.set(datasetReference.datasetId, location);
  return { status: 200, json: { datasetReference, location } };
}

function createTable(google: Google, dataset: string, { body }: Request): Answer {
  const { tableReference, schema, timePartitioning, clustering } = JSON.parse(body.toString());
  const stored = {
    fields: schema.fields,
    rows: [],
    insertIds: new Set<string>(),
    timePartitioning,
    clustering,
  };
  google.tables.set(`${dataset}.${tableReference.tableId}`, stored);
  return { status: 200, json: { ...describe(stored), tableReference } };
}

function changeTable(stored: StoredTable, { headers, body }: Request): Answer {
  if (headers['if-match'] !== describe(stored).etag) return errorOf(412, 'Precondition Failed');
  const { fields } = JSON.parse(body.toString()).schema as { fields: Field[] };
  const isKept = stored.fields.every((field, at) => JSON.stringify(field) === JSON.stringify(fields[at]));
  if (!isKept) return errorOf(400, 'Provided Schema does not match');
  stored.fields = fields;
  return { status: 200, json: describe(stored) };
}

function describe(stored: StoredTable) {
  return { etag: `"${stored.fields.length}"`, schema: { fields: stored.fields } };
}

function insertAll(google: Google, stored: StoredTable, { body }: Request, fate?: RowFate): Answer {
  const { rows, skipInvalidRows } = JSON.parse(body.toString()) as {
    rows: { insertId: string; json: StoredRow }[];
    skipInvalidRows?: boolean;
  };
  google.batches.push(rows.length);
  const refused = rows.flatMap(({ json }, index) => {
    const error = fate?.(json) ?? refusal(stored, json);
    return error ? [{ index, errors: [{ location: '', debugInfo: '', ...error }] }] : [];
  });
  const isRefused = (at: number) => refused.some(({ index }) => index === at);
  if (!skipInvalidRows && refused.length > 0) {
    const others = rows.flatMap((_, index) =>
      isRefused(index) ? [] : [{ index, errors: [{ reason: 'stopped' }] }],
    );
    return { status: 200, json: { insertErrors: [...refused, ...others] } };
  }
  for (const [at, { insertId, json }] of rows.entries()) {
    if (!isRefused(at) && !stored.insertIds.has(insertId)) stored.rows.push(json);
    if (!isRefused(at)) stored.insertIds.add(insertId);
  }
  return { status: 200, json: refused.length > 0 ? { insertErrors: refused } : {} };
}

function refusal({ fields }: StoredTable, row: StoredRow): { reason: string; message: string } | undefined {
  const unknown = Object.keys(row).find((name) => !fields.some((field) => field.name === name));
  if (unknown !== undefined) return { reason: 'invalid', message: `no such field: ${unknown}.` };
  if (!DATETIME.test(row.ts ?? ''))
    return { reason: 'invalid', message: `Invalid datetime string "${row.ts}"` };
  return undefined;
}
