/** What the public port is made of: the app with its sources, and whom it asks and tells. Called by receiver.ts. */
import { resolveClient } from '../verify/client-address.ts';
import { createApp } from './http/app.ts';
import { hostBodyCheck } from './http/host-body.ts';
import { keepRefusals } from './http/refused.ts';
import { responder } from './http/respond.ts';
import { senderReader } from './http/senders.ts';
import type { App } from './http/server.ts';
import type { Service, ServiceParts } from './operator-port.ts';
import { presetAnswersOf, replyOf } from './work.ts';

/** `hasClosed`: from when on nothing more is taken. */
export function createPublicApp(
  { config, role, log, rules, memory, meter, known, inbox, refused, keepArrived, supervisor }: ServiceParts,
  service: Service,
  hasClosed: () => boolean,
): App {
  const { knobs, production, requireHttps, trustProxy } = config;
  return createApp({
    sources: config.sources.map((source) => ({
      name: source.name,
      path: source.path,
      keepHeaders: source.keepHeaders,
      rules: () => rules.of(source.name),
      ...presetAnswersOf(source, knobs),
      ...(source.replies && { reply: replyOf(source, supervisor) }),
    })),
    requireHttps,
    memory,
    isKnown: (source, address) => known.knows(source, address),
    ready: () => service.state === 'serving' && inbox.takesWrites(),
    stoppedTaking: () => hasClosed() || role === 'dispatch',
    keep: (arrival, withinMs) => inbox.keep(arrival, withinMs),
    keepArrived,
    clientOf: resolveClient(trustProxy),
    checkHostBody: hostBodyCheck(log),
    responder: responder({
      production,
      retryAfterSeconds: knobs.retryAfterSeconds,
      log,
      meter,
      paths: config.sources.map(({ path }) => path),
      closing: () => service.state !== 'serving',
      learn: (source, address, at) => known.learn(source, address, at),
      readSender: senderReader({
        sources: config.sources,
        provingOf: (source) => rules.of(source).proving,
        isKnown: (source, address) => known.knows(source, address),
      }),
      keepRefusal: keepRefusals({
        sources: config.sources,
        rulesOf: (source) => rules.of(source),
        isProven: (source, address) => known.knows(source, address),
        store: refused,
      }),
    }),
  });
}
