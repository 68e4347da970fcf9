/** Says in words what is wrong with a preset's handshakes, which no compiler may have seen. Asked by preset.ts. */

import { type Flaw, flaw } from '../base/settings/rules.ts';
import { placeholdersIn } from './form/reading.ts';
import type { SignatureForm } from './form/vocabulary.ts';
import { type AcceptedAnswer, type Handshake, isSecret, methodOf, placesIn } from './handshake.ts';

const PLACE = /^(query|header|member|field):[^{}]+$/;
const ANSWERS = [200, 201, 202, 204];
const OWN_HEADERS = /^(content-|transfer-|connection$|set-cookie$)/i;

export function isAcceptedAnswer(given: unknown): boolean {
  const { status = 200, type = '', text } = (given ?? {}) as Partial<AcceptedAnswer>;
  return ANSWERS.includes(status) && /^[ -~]*$/.test(type) && typeof text === 'string';
}

export function flawsOfHandshakes({
  forms = [],
  handshakes = [],
}: {
  forms?: readonly SignatureForm[] | undefined;
  handshakes?: readonly unknown[] | undefined;
}): Flaw[] {
  return handshakes.flatMap((one, at) =>
    flawsOf(one, forms).map((wrong) => flaw(wrong, 'See docs/providers.md.', 'handshakes', String(at))),
  );
}

function flawsOf(given: unknown, forms: readonly SignatureForm[]): string[] {
  const { when, answer, made, brings, signed } = (given ?? {}) as Handshake;
  if (!when || !answer)
    return [
      "is not { when: { method: 'GET', 'query:challenge': /^\\w{1,99}$/ }, answer: { text: '{query:challenge}' } }",
    ];
  const handshake = given as Handshake;
  const { text = '', json = {}, headers = {}, status = 200 } = answer;
  const places = placesIn(handshake);
  const flaws: string[] = [];
  if (!['POST', 'GET', 'HEAD', 'OPTIONS'].includes(methodOf(handshake)))
    flaws.push('has a method that is none of GET, HEAD, OPTIONS');
  if (methodOf(handshake) !== 'POST' && (signed || places.some(([place]) => /^(member|field):/.test(place))))
    flaws.push('asks for a body or a signature, which only a POST has');
  if (methodOf(handshake) === 'POST' && places.length === 0)
    flaws.push('would take every request for a handshake');
  for (const [place, condition] of places) {
    if (!PLACE.test(place))
      flaws.push(`names ${place}, which is none of query:x, header:x, member:x, field:x`);
    const isForm =
      condition instanceof RegExp && /^\^[^|]*\$$/.test(condition.source) && condition.flags === '';
    if (!isForm && !isSecret(condition) && condition !== null && typeof condition !== 'string')
      flaws.push(`does not say what ${place} must be: a text, or a form from ^ to $`);
  }
  const echoes = places.filter(([, condition]) => condition instanceof RegExp).map(([place]) => place);
  const unknownIn = (template: string, more: readonly string[]) =>
    placeholdersIn(template)
      .filter(({ all, word }) => word !== 'setting' && ![...echoes, ...more].includes(all.slice(1, -1)))
      .map(({ all }) => `has ${all}, whose form \`when\` does not say`);
  const templates = [text, brings?.text ?? '', ...Object.values(headers), ...Object.values(json)].map(String);
  flaws.push(...templates.flatMap((one) => unknownIn(one, made ? ['made'] : [])));
  if (made)
    flaws.push(
      ...unknownIn(made.of, made.by ? ['key', 'endpoint'] : ['endpoint']),
      ...madeFlaws(handshake, forms),
    );
  if (!ANSWERS.includes(status)) flaws.push(`answers ${status}, which is none of ${ANSWERS.join(', ')}`);
  const odd = Object.keys(headers).filter((name) => !/^[\w-]+$/.test(name) || OWN_HEADERS.test(name));
  return [...flaws, ...odd.map((name) => `writes the header ${name}, which it may not`)];
}

/** Whoever may ask for a MAC by the secret must not get one that an event could have. */
function madeFlaws({ made, when, signed }: Handshake, forms: readonly SignatureForm[]): string[] {
  const { algorithm, by, of } = made as NonNullable<Handshake['made']>;
  if (by !== undefined)
    return algorithm === 'digest-sha256' && of.includes('{key}') ? [] : ['makes a digest without {key}'];
  if (algorithm === 'digest-sha256') return ['makes a digest, but does not say by which setting'];
  if (signed === true) return [];
  const asked = (when as Record<string, unknown>)[of.slice(1, -1)];
  const isApart = (form: SignatureForm) =>
    'unlike' in form && asked instanceof RegExp && String(form.unlike) === String(asked);
  return forms.every(isApart)
    ? []
    : [`makes signatures for everybody: say in each form unlike: ${asked}, as \`when\` does`];
}
