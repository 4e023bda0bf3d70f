/** Providers repeat what they were given ("Malformed access token …"): no error or probe of an adapter says a secret of its inbox. */
import type { Json } from '#domain/json.ts';
import { ChannelError, type AdapterInbox, type ChannelAdapter, type ChannelDefinition } from './contract.ts';

/** Shorter ones would blot out words. */
const SHORTEST = 8;

export function blotSecrets(adapter: ChannelAdapter): ChannelAdapter {
  const guarded =
    <Rest extends unknown[], Result>(call: (inbox: AdapterInbox, ...rest: Rest) => Promise<Result>) =>
    async (inbox: AdapterInbox, ...rest: Rest): Promise<Result> => {
      try {
        return await call(inbox, ...rest);
      } catch (error) {
        if (error instanceof ChannelError) blotError(error, secretsOf(adapter.definition, inbox));
        throw error;
      }
    };
  return {
    ...adapter,
    send: guarded(adapter.send.bind(adapter)),
    connect: guarded(adapter.connect.bind(adapter)),
    disconnect: guarded(adapter.disconnect.bind(adapter)),
    probe: guarded(async (inbox, ...rest) => {
      const { inbound, outbound, facts } = await adapter.probe(inbox, ...rest);
      const secrets = secretsOf(adapter.definition, inbox);
      const health = <Health extends { reason?: string }>(found: Health): Health =>
        found.reason === undefined ? found : { ...found, reason: blot(found.reason, secrets) };
      const known = Object.entries(facts).map(([name, fact]) => [name, blotJson(fact, secrets)]);
      return { inbound: health(inbound), outbound: health(outbound), facts: Object.fromEntries(known) };
    }),
    ...(adapter.fetchMedia && { fetchMedia: guarded(adapter.fetchMedia.bind(adapter)) }),
    ...(adapter.acknowledge && { acknowledge: guarded(adapter.acknowledge.bind(adapter)) }),
    ...(adapter.signal && { signal: guarded(adapter.signal.bind(adapter)) }),
    ...(adapter.act && { act: guarded(adapter.act.bind(adapter)) }),
    ...(adapter.respond && { respond: guarded(adapter.respond.bind(adapter)) }),
    ...(adapter.fetchContact && { fetchContact: guarded(adapter.fetchContact.bind(adapter)) }),
  };
}

function secretsOf({ secretFields }: ChannelDefinition, { credentials, apps }: AdapterInbox): string[] {
  const own = secretFields.map((field) => credentials[field]);
  const ofApps = Object.values(apps).flatMap(({ secret, verifyToken }) => [secret, verifyToken]);
  const secrets = [...own, ...ofApps].filter(
    (secret): secret is string => typeof secret === 'string' && secret.length >= SHORTEST,
  );
  return [...new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]))];
}

/** In place: whoever threw it may ask for its class. What says no secret is left alone, for some errors can't be written to. */
function blotError(error: Error, secrets: readonly string[]): void {
  for (const name of ['message', 'stack'] as const) {
    const said = error[name];
    const value = said === undefined ? undefined : blot(said, secrets);
    if (value !== said) Object.defineProperty(error, name, { value, configurable: true, writable: true });
  }
  if (error.cause instanceof Error) blotError(error.cause, secrets);
}

function blot(text: string, secrets: readonly string[]): string {
  return secrets.reduce((blotted, secret) => blotted.replaceAll(secret, '…'), text);
}

function blotJson(value: Json, secrets: readonly string[]): Json {
  if (typeof value === 'string') return blot(value, secrets);
  if (Array.isArray(value)) return value.map((item) => blotJson(item, secrets));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, blotJson(item, secrets)]));
}
