/** Connecting inboxes at their providers: everything between a form's credentials and a row. */
import type { ChannelType } from '#domain/channel.ts';
import { ChannelError, type AdapterInbox, type ChannelAdapter, type Connected } from '#channels/contract.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { webhookPlace } from '#channels/webhook-place.ts';
import { inWorkspace, poolOf } from '#db/client.ts';
import { findInboxByAccount } from '#db/inboxes.ts';
import { seal } from '#db/keyring.ts';
import { unparkInbox } from '#db/park.ts';
import { uuidV7 } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import { resolveProviderUrls } from './config.ts';
import type { ApiDeps, RequestActor } from './deps.ts';
import { ApiError } from './middleware/errors.ts';
import { appsOf } from './provider-apps.ts';
import { subscriptionContext } from './subscriptions.ts';

const connectTimeoutMs = 15_000;

export interface Connection {
  inbox: AdapterInbox;
  connected: Connected<JsonObject>;
  sealedCredentials: Buffer;
  warnings: string[];
  /** Once the row is stored or given up: others may connect on the same subscription again. */
  release: () => Promise<void>;
}

/** @throws ApiError 422 with what is wrong in the form */
export function readCredentials(type: ChannelType, given: unknown): JsonObject {
  const parsed = definitions[type].credentials.safeParse(given);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) => ({
    path: ['credentials', ...issue.path].join('.'),
    code: issue.code ?? 'invalid',
    message: issue.message,
  }));
  throw new ApiError(422, 'invalid', details[0]?.message ?? 'The credentials are not valid.', details);
}

/** @throws ApiError 422 */
export function readSettings(type: ChannelType, given: unknown): JsonObject {
  const parsed = definitions[type].settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) => ({
    path: ['settings', ...issue.path].join('.'),
    code: issue.code ?? 'invalid',
    message: issue.message,
  }));
  throw new ApiError(422, 'invalid', details[0]?.message ?? 'The settings are not valid.', details);
}

/** Where the provider is told to call; below it, the definition's `paths`. */
export function webhookUrl(deps: Pick<ApiDeps, 'config'>, inbox: { type: string; id: string }): string {
  const place = isChannelType(inbox.type) ? webhookPlace(definitions[inbox.type]) : null;
  const path = place?.kind === 'app' ? place.app : `${place?.segment ?? inbox.type}/${inbox.id}`;
  return `${deps.config.publicUrl}/webhooks/${path}`;
}

/** A new inbox as its adapter will see it; nothing is stored yet. */
export function draftInbox(
  deps: Pick<ApiDeps, 'config' | 'keyring'>,
  input: {
    workspaceId: string;
    type: ChannelType;
    name: string;
    credentials: JsonObject;
    settings: JsonObject;
    sandbox: boolean;
  },
): AdapterInbox {
  return {
    ...input,
    id: uuidV7(),
    accountKey: '',
    urls: resolveProviderUrls(deps.config, definitions[input.type].providerUrls, input.sandbox),
    apps: appsOf(deps, input.sandbox),
  };
}

/**
 * Runs the adapter's connect. Where the credentials alone name the account, one that is connected already is refused before the
 * provider is asked. @throws ApiError 409 with the other inbox's id, 422 with the provider's words
 */
export async function connectAtProvider(
  deps: ApiDeps,
  actor: RequestActor,
  type: ChannelType,
  inbox: AdapterInbox,
): Promise<Connection> {
  const adapter = deps.registry[type];
  const accountKey = adapter.accountKeyOf?.(inbox.credentials);
  if (accountKey !== undefined) await refuseTaken(deps, actor, inbox, accountKey);
  const context = subscriptionContext(deps, inbox);
  const connected = await callProvider(adapter, () =>
    adapter.connect(inbox, webhookUrl(deps, inbox), AbortSignal.timeout(connectTimeoutMs), context),
  ).catch(async (error: unknown) => {
    await context.release();
    throw error;
  });
  const warnings = [...connected.warnings];
  if (
    definitions[type].needsPublicUrl &&
    !inbox.sandbox &&
    warnings.length === 0 &&
    !deps.config.publicUrl.startsWith('https://')
  ) {
    warnings.push(
      `The provider can only reach a public https address, and PUBLIC_URL is ${deps.config.publicUrl}. Messages arrive once it is corrected and the inbox is connected again.`,
    );
  }
  return {
    inbox: { ...inbox, accountKey: connected.accountKey, credentials: connected.credentials },
    connected,
    sealedCredentials: sealCredentials(deps, inbox.id, connected.credentials),
    warnings,
    release: context.release,
  };
}

export function sealCredentials(
  deps: Pick<ApiDeps, 'keyring'>,
  inboxId: string,
  credentials: JsonObject,
): Buffer {
  return seal(deps.keyring, Buffer.from(JSON.stringify(credentials)), `inbox/${inboxId}`);
}

async function refuseTaken(
  deps: ApiDeps,
  actor: RequestActor,
  inbox: AdapterInbox,
  accountKey: string,
): Promise<void> {
  const holder = await deps.inboxes.byAccount(inbox.type, accountKey);
  if (holder && holder.id !== inbox.id) throw await alreadyConnected(deps, actor, inbox.type, accountKey);
}

/**
 * After a lost race: the account was connected by somebody else while we asked the provider, so its webhook is given back to the inbox
 * that has it.
 */
export async function restoreHolder(deps: ApiDeps, type: ChannelType, accountKey: string): Promise<void> {
  const holder = await deps.inboxes.byAccount(type, accountKey);
  if (!holder) return;
  const context = subscriptionContext(deps, holder);
  try {
    await deps.registry[type].connect(
      holder,
      webhookUrl(deps, holder),
      AbortSignal.timeout(connectTimeoutMs),
      context,
    );
  } catch (error) {
    deps.log.error(
      { err: error, inboxId: holder.id },
      'The webhook of a connected inbox could not be given back; probe it.',
    );
  } finally {
    await context.release();
  }
}

/** The inbox's id only where it is of the same workspace. */
export async function alreadyConnected(
  deps: ApiDeps,
  actor: RequestActor,
  type: string,
  accountKey: string,
): Promise<ApiError> {
  const own = await inWorkspace(deps.appDb, actor.workspaceId, (tx) =>
    findInboxByAccount(tx, type, accountKey),
  );
  return own
    ? new ApiError(
        409,
        'already_connected',
        `This account is connected already, as “${own.name}”. Nothing was changed.`,
        {
          inboxId: own.id,
        },
      )
    : new ApiError(
        409,
        'already_connected',
        'This account is connected in another workspace. Nothing was changed.',
      );
}

/** Best effort. @returns what went wrong, in the provider's words; null where the provider knows nothing of us any more */
export async function disconnectAtProvider(
  deps: ApiDeps,
  type: ChannelType,
  inbox: AdapterInbox,
): Promise<string | null> {
  const context = subscriptionContext(deps, inbox);
  try {
    await deps.registry[type].disconnect(inbox, AbortSignal.timeout(connectTimeoutMs), context);
    return null;
  } catch (error) {
    deps.log.warn(
      { reason: reasonOf(error), inboxId: inbox.id },
      'An inbox could not be disconnected at its provider.',
    );
    return reasonOf(error);
  } finally {
    await context.release();
  }
}

/** The inbox can send again: what was parked leaves, in order. After the commit that said so; the sweeper does it otherwise. */
export async function drainParked(deps: ApiDeps, inboxId: string): Promise<void> {
  const { wakes, messageIds } = await unparkInbox(poolOf(deps.engineDb), inboxId);
  for (const messageId of messageIds) await deps.engine.startOutbound(messageId);
  await deps.engine.payWakes(wakes);
}

/** @throws ApiError 422 with the provider's words; other errors are ours and pass */
async function callProvider<T>(adapter: ChannelAdapter, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ChannelError) {
      const details = {
        kind: error.kind,
        ...(error.providerCode !== undefined && { providerCode: error.providerCode }),
      };
      throw new ApiError(422, 'provider_refused', error.message, details);
    }
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      throw new ApiError(
        422,
        'provider_silent',
        `${adapter.definition.title} didn't answer in time; nothing was connected. Try again.`,
      );
    }
    throw error;
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
