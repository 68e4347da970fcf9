/**
 * Stores each event as an object in Cloud Storage, its body byte for byte:
 *
 *   <prefix><source>/<yyyy>/<mm>/<dd>/<id>.json     the day in UTC, of the arrival
 *   Content-Type                                    as received, else application/json
 *   metadata                                        id, source, type, external-id, received-at
 *
 * It only creates objects, and changes none: a retry finds the object there and is done. Google checks the bytes against
 * their CRC32C before it stores them. The package @google-cloud/storage is loaded when the first event comes, and finds its
 * credentials itself.
 */
import type { File } from '@google-cloud/storage';
import { type RulesFor, text, type ValuesOf } from '../../base/settings/rules.ts';
import type { WebhookEvent } from '../../verify/event.ts';
import { type AttemptResult, Declined, type Handle, type HandlerOptions } from '../handler.ts';
import {
  answerOf,
  clientOptions,
  endIn,
  GOOGLE_RULES,
  type GoogleOptions,
  type HintByStatus,
  opener,
  packageProblems,
  resultOf,
  SLACK_MS,
  unavailable,
  usesAccounts,
  withinDeadline,
} from './google.ts';
import { type Choices, choicesOf, readOptions } from './options.ts';

/** What is wrong with them is listed at the start. */
export interface GcsOptions extends GoogleOptions, Choices {
  /** Its name, without gs://. */
  readonly bucket: string | undefined;
  /** The beginning of each object's name. End it with a slash to make it a folder. */
  readonly prefix?: string | undefined;
}

const CONCURRENCY = 16;
const BUCKET = /^(?!.*\.\.)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;
const PREFIX_BYTES_MAX = 800;
/** Google takes 8 KiB of metadata in all, and it travels in headers: the sender's texts are cut, and percent-encoded. */
const METADATA_CHARACTERS_MAX = 200;
const CONTENT_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( ?;[\x20-\x7e]*)?$/;
const MAY_CREATE = 'storage.objects.create';
const HINTS: HintByStatus = {
  401: 'Look at the credentials: keyFile, or GOOGLE_APPLICATION_CREDENTIALS.',
  403: 'The account needs the role Storage Object Creator on the bucket.',
  404: 'Look at the name of the bucket, or create it.',
};
const RULES = {
  bucket: text((name) => BUCKET.test(name), "Write its name alone, without gs://: bucket: 'my-webhooks'.", {
    isRequired: true,
  }),
  prefix: text(isPrefix, `Write at most ${PREFIX_BYTES_MAX} bytes that can be seen: prefix: 'webhooks/'.`),
  ...GOOGLE_RULES,
} satisfies RulesFor<Omit<GcsOptions, keyof Choices>>;

/** A handler that writes an object for each event, its body byte for byte. Needs `npm install @google-cloud/storage`. docs/targets.md */
export function gcs(options: GcsOptions): HandlerOptions {
  const { given, problems } = readOptions('gcs', options, RULES);
  const { bucket, prefix = '', apiEndpoint = '', timeoutMs } = given;
  const open = opener(() => openBucket(given));
  const handle: Handle = async (event, { signal, record }) => {
    try {
      const connection = await open();
      const work = () => storeObject(connection, objectNameOf(event, prefix), event);
      record(await withinDeadline(endIn(timeoutMs, signal), work));
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof Declined) throw thrown;
      const answer = answerOf(thrown);
      record(resultOf(answer));
      if (answer.status === 413) throw new Declined(`Google answered 413: ${answer.message}`);
      throw unavailable(answer, HINTS);
    }
  };
  const setUp = async () => {
    const { bucket: found } = await open();
    const asked = withinDeadline(endIn(timeoutMs), () => found.iam.testPermissions([MAY_CREATE]));
    const [permissions] = await asked.catch((thrown) => {
      throw unavailable(answerOf(thrown), HINTS);
    });
    if (permissions[MAY_CREATE] !== true)
      throw new Error(`the account may not write to the bucket ${bucket}. ${HINTS[403]}`);
    return `bucket ${bucket}: is there, and objects may be created in it`;
  };
  return {
    concurrency: CONCURRENCY,
    ...choicesOf(options),
    handle,
    setUp,
    problems: [...problems, ...packageProblems('gcs', '@google-cloud/storage')],
    timeLimitMs: timeoutMs + SLACK_MS,
    target: `gcs ${apiEndpoint} gs://${bucket}/${prefix}`,
  };
}

async function openBucket(given: ValuesOf<typeof RULES>) {
  const { CRC32C, Storage } = await import('@google-cloud/storage');
  const useAuthWithCustomEndpoint = usesAccounts(given, process.env.STORAGE_EMULATOR_HOST);
  const storage = new Storage({ ...clientOptions(given), useAuthWithCustomEndpoint });
  const checksumOf = (body: Buffer) => {
    const checksum = new CRC32C();
    checksum.update(body);
    return checksum.toString();
  };
  return { bucket: storage.bucket(given.bucket as string), checksumOf };
}

async function storeObject(
  { bucket, checksumOf }: Awaited<ReturnType<typeof openBucket>>,
  name: string,
  event: WebhookEvent,
): Promise<AttemptResult> {
  const file = bucket.file(name);
  const crc32c = checksumOf(event.body);
  const url = `gs://${bucket.name}/${name}`;
  try {
    await file.save(event.body, {
      resumable: false,
      // The library would compare afterwards, and delete an object that differs. With `crc32c` Google refuses it at once.
      validation: false,
      contentType: objectTypeOf(event),
      preconditionOpts: { ifGenerationMatch: 0 },
      metadata: { crc32c, metadata: objectMetadataOf(event) },
    });
    return { status: 200, output: url };
  } catch (thrown) {
    const { status, message } = answerOf(thrown);
    // To an account that may only create, Google says that it may not overwrite.
    const isTaken = status === 412 || (status === 403 && message.includes('storage.objects.delete'));
    if (!isTaken) throw thrown;
    const found = await checksumOfStored(file);
    if (found !== undefined && found !== crc32c) {
      throw new Declined(`${url} is another event's: give each installation a prefix of its own`);
    }
    return { status, output: `${url} was there already` };
  }
}

/** Undefined if the account may not read it. */
async function checksumOfStored(file: File): Promise<string | undefined> {
  try {
    const [{ crc32c }] = await file.getMetadata();
    return crc32c;
  } catch (thrown) {
    if (answerOf(thrown).status === 403) return undefined;
    throw thrown;
  }
}

function objectNameOf({ id, source, receivedAt }: WebhookEvent, prefix: string): string {
  const day = receivedAt.toISOString().slice(0, 10).replaceAll('-', '/');
  return `${prefix}${source}/${day}/${id}.json`;
}

function objectTypeOf({ headers }: WebhookEvent): string {
  const received = headers['content-type'] ?? '';
  const isFit = received.length <= METADATA_CHARACTERS_MAX && CONTENT_TYPE.test(received);
  return isFit ? received : 'application/json';
}

function objectMetadataOf({ id, source, type, externalId, receivedAt }: WebhookEvent) {
  return {
    id,
    source,
    'received-at': receivedAt.toISOString(),
    ...(type !== null && { type: headerSafe(type) }),
    ...(externalId !== null && { 'external-id': headerSafe(externalId) }),
  };
}

/** The library puts the project's id in the place of `{{projectId}}`, so it is well that braces are encoded too. */
export function headerSafe(value: string): string {
  return encodeURI(value.slice(0, METADATA_CHARACTERS_MAX).toWellFormed());
}

function isPrefix(prefix: string): boolean {
  if (prefix.includes('{{') || /[\p{Cc}\p{Cs}]/u.test(prefix)) return false;
  return Buffer.byteLength(prefix) <= PREFIX_BYTES_MAX;
}
