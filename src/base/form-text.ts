/**
 * Bodies as HTML forms send them (application/x-www-form-urlencoded), read strictly: names and values are what is decoded, or the
 * body is no form. So no two readers can take one body for different things. The bytes stay as they came; this only looks.
 */

/** More than any provider sends. */
const FIELDS_MOST = 1_000;
/** Whatever else is in a field comes percent-encoded. */
const PAIR = /^[!-%'-<>-~]+=[!-%'-~]*$/;

/** Names and values in their order. Undefined if the bytes are no form. */
export function readForm(bytes: Buffer): readonly (readonly [string, string])[] | undefined {
  const pairs = bytes.toString('latin1').split('&', FIELDS_MOST + 1);
  if (pairs.length > FIELDS_MOST || !pairs.every((pair) => PAIR.test(pair))) return undefined;
  try {
    return pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [decodeField(pair.slice(0, at)), decodeField(pair.slice(at + 1))] as const;
    });
  } catch {
    return undefined;
  }
}

/** Throws URIError if it is not percent-encoded UTF-8. */
function decodeField(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

interface FormData {
  /** Texts by their names, a list where a name comes more than once; or what the one field `payload` says in JSON. */
  readonly data: unknown;
  /** The bytes of that JSON. */
  readonly json: Buffer | undefined;
}

/** Undefined if the bytes are no form. */
export function dataOfForm(bytes: Buffer): FormData | undefined {
  const fields = readForm(bytes);
  if (!fields) return undefined;
  const [[name, value] = ['', ''], ...more] = fields;
  if (name === 'payload' && more.length === 0) {
    try {
      return { data: JSON.parse(value), json: Buffer.from(value) };
    } catch {
      // It is a field like others.
    }
  }
  const groups = Object.groupBy(fields, ([one]) => one);
  const texts = Object.entries(groups).map(([one, its = []]) => {
    const [first, ...others] = its.map(([, text]) => text);
    return [one, others.length === 0 ? first : [first, ...others]];
  });
  return { data: Object.fromEntries(texts), json: undefined };
}

export function isFormType(contentType: string | undefined): boolean {
  return /^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? '');
}

/** Of a body that says nothing of itself: JSON, unless it is a form. */
export function likelyTypeOf(bytes: Buffer): string {
  const isForm = bytes[0] !== 0x7b && bytes[0] !== 0x5b && readForm(bytes) !== undefined;
  return isForm ? 'application/x-www-form-urlencoded' : 'application/json';
}
