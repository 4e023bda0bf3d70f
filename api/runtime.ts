/** Everything a process needs, opened in order and closed in reverse: pools, Temporal, workers, dispatcher, sweeper, HTTP app. */
import { availableParallelism } from 'node:os';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime as TemporalRuntime, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createFaults } from '#activities/faults.ts';
import type { ActivityDeps } from '#activities/deps.ts';
import { keepMailSubscription } from '#activities/mail-subscription.ts';
import { createMicrosoftAccounts } from '#activities/microsoft-accounts.ts';
import { createPayloadCodec } from '#activities/payload-codec.ts';
import { payWakes } from '#activities/wakes.ts';
import { bundleWorkflows, createWorker, type QueueName } from '#activities/worker.ts';
import { definitions, isChannelType } from '#channels/definitions.ts';
import { createHttpClient } from '#channels/http.ts';
import { createMediaStore } from '#channels/media-store.ts';
import { createRegistry } from '#channels/registry.ts';
import { connectDatabase, poolOf } from '#db/client.ts';
import { createFlowDefinitions } from '#db/flow-definitions.ts';
import { createInboxCache } from '#db/inbox-cache.ts';
import { createKeyring } from '#db/keyring.ts';
import { messageFacts } from '#db/search-facts.ts';
import { tidy } from '#db/sweep.ts';
import { parseFlowDefinition } from '#domain/flow/schema.ts';
import type { FlowDefinition } from '#domain/flow/types.ts';
import { outboundWorkflowId, QUEUES, subscriptionWorkflowId, wake } from '#workflows/contract.ts';
import { createAuth } from './auth/auth.ts';
import { createMailer } from './auth/mailer.ts';
import { resolveProviderUrls, type Config } from './config.ts';
import { appsOf } from './provider-apps.ts';
import { tidyUnrouted } from './unrouted.ts';
import type { ApiDeps } from './deps.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { emailDeployment } from './email/deployment.ts';
import type { Engine } from './engine.ts';
import { openMailboxes } from './email/open-mailboxes.ts';
import { createFeed } from './feed.ts';
import { createLiveChatUpkeep } from './live-chat/upkeep.ts';
import { visitorKeys } from './live-chat/visitors.ts';
import { mediaLinks } from './media-links.ts';
import { decodePayloadsWith } from './payloads.ts';
import { openSearchAttributes } from './search-attributes.ts';
import { createSweeper, type Sweeper } from './sweeper.ts';
import { temporalConnectionOptions } from './temporal-options.ts';
import { createTypingBus, tellAgentTyping } from './typing.ts';
import { createVoiceDesk } from './voice/desk.ts';
import { sweepCalls } from './voice/sweep.ts';

export interface RuntimeOptions {
  config: Config;
  log: Logger;
  /** Queues this process polls. */
  queues: readonly QueueName[];
  /** TELORING_FAULTS and where to report; tests only. */
  faults?: { spec: string | undefined; reportPath: string | undefined };
  /** How often the sweeper looks; 0 = never. */
  sweepEveryMs?: number;
}
export interface Runtime {
  deps: ApiDeps;
  activityDeps: ActivityDeps;
  dispatcher: Dispatcher;
  sweeper: Sweeper | null;
  /** Rejects if a worker dies. */
  workersEnded: Promise<void>;
  /** Finishes what is under way; nothing new is begun. */
  stop(): Promise<void>;
}

export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { config, log } = options;
  installTemporalRuntime(log);
  const keyring = createKeyring(config.secretKey);
  const onError = (error: Error): void =>
    log.warn({ reason: error.message }, 'A database connection was lost.');
  const database = { databaseUrl: config.databaseUrl, onError };
  const engineDb = connectDatabase({
    ...database,
    role: 'teloring_engine',
    // Each connection plans the drive's statements for itself, and more than a few per core only wait for one another.
    maxConnections: 4 + 4 * availableParallelism(),
    applicationName: 'teloring-engine',
  });
  const appDb = connectDatabase({
    ...database,
    role: 'teloring_app',
    maxConnections: 12,
    applicationName: 'teloring-api',
  });
  const pool = poolOf(engineDb);
  // What a transaction looks up while it decides has its own connections: all of the pool's may be deciding.
  const lookupDb = connectDatabase({
    ...database,
    role: 'teloring_engine',
    maxConnections: 4,
    applicationName: 'teloring-lookups',
  });
  const codec = createPayloadCodec(keyring);
  const connection = await NativeConnection.connect(await temporalConnectionOptions(config.temporal));
  const { namespace } = config.temporal;
  const client = new Client({ connection, namespace, dataConverter: { payloadCodecs: [codec] } });
  const http = createHttpClient({
    allowPrivateHosts: config.allowPrivateHosts,
    deniedPorts: config.deniedPorts,
  });
  const media = createMediaStore(config.mediaUrl);
  const faults = createFaults(options.faults?.spec, options.faults?.reportPath);
  const accounts = createMicrosoftAccounts({ pool, keyring, http, faults });
  const notificationUrl = `${config.publicUrl}/webhooks/microsoft`;
  const typing = createTypingBus({ pool, databaseUrl: config.databaseUrl, log });
  const feed = createFeed({ engineDb, log });
  const registry = createRegistry({
    http,
    visitorKeys: visitorKeys(keyring),
    uploads: media,
    accounts,
    notificationUrl,
    tellTyping: tellAgentTyping(typing),
    sentCopies: media,
    email: emailDeployment({ config, keyring }),
    desk: createVoiceDesk(pool, () => feed.poke()),
  });
  const inboxes = createInboxCache({
    db: lookupDb,
    keyring,
    resolveUrls: (type, sandbox) =>
      isChannelType(type) ? resolveProviderUrls(config, definitions[type].providerUrls, sandbox) : {},
    resolveApps: (sandbox) => appsOf({ config, keyring }, sandbox),
  });
  await inboxes.listen(config.databaseUrl);
  // Before anything is accepted: this month's partitions.
  await tidy(pool);

  const links = mediaLinks({ config, keyring });
  const searchAttributes = await openSearchAttributes(connection, namespace, log);
  const dispatcher = createDispatcher({ pool, client, log, faults, searchAttributes: searchAttributes.of });
  const activityDeps: ActivityDeps = {
    pool,
    inboxes,
    registry,
    definitions: createFlowDefinitions(poolOf(lookupDb), (json) => readDefinition(json, log)),
    http,
    media,
    mediaUrl: (mediaId) => links.handOut(mediaId),
    accounts,
    notificationUrl,
    client,
    searchAttributes: searchAttributes.of,
    faults,
    log,
    changed: () => feed.poke(),
    eventDone: (eventId) => dispatcher.done(eventId),
  };
  const engine = createEngine(activityDeps, dispatcher);
  const mailer = createMailer(config);
  const deps: ApiDeps = {
    config,
    appDb,
    engineDb,
    keyring,
    auth: createAuth({ config, engineDb, keyring, log, mailer }),
    mailer,
    registry,
    http,
    accounts,
    keepMailSubscription: (inboxId) => keepMailSubscription(activityDeps, inboxId, 'now'),
    inboxes,
    media,
    temporal: client,
    engine,
    feed,
    typing,
    log,
    decodePayloads: decodePayloadsWith(codec),
  };
  const bundle = await bundleWorkflows();
  const workers = await Promise.all(
    options.queues.map((queue) =>
      createWorker(activityDeps, { connection, namespace, codec, bundle, queue }),
    ),
  );
  const workersEnded = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  const liveChat = createLiveChatUpkeep({ ...deps, http });
  const sweeper =
    options.sweepEveryMs === 0
      ? null
      : createSweeper(
          {
            pool,
            dispatcher,
            engine,
            log,
            faults,
            tidyUnrouted: () => tidyUnrouted(deps),
            attendLiveChat: () => liveChat.attend(),
            sweepCalls: () => sweepCalls(deps, { upSeconds: process.uptime() }),
          },
          options.sweepEveryMs,
        );
  const mailboxes = openMailboxes(deps);
  dispatcher.accepted();

  return {
    deps,
    activityDeps,
    dispatcher,
    sweeper,
    workersEnded,
    async stop() {
      searchAttributes.stop();
      await mailboxes?.stop();
      await dispatcher.stop();
      await sweeper?.stop();
      await liveChat.stop();
      for (const worker of workers) shutdown(worker);
      await workersEnded.catch(() => undefined); // reported to whoever waits for it
      await connection.close();
      await http.close();
      await inboxes.close();
      await typing.close();
      await Promise.all([engineDb.destroy(), lookupDb.destroy(), appDb.destroy()]);
    },
  };
}

function shutdown(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

function createEngine(deps: ActivityDeps, dispatcher: Dispatcher): Engine {
  return {
    eventsAccepted(events) {
      deps.faults.at('event.committed');
      dispatcher.accepted(events);
    },
    async startOutbound(messageId) {
      try {
        await deps.client.workflow.start('outboundMessage', {
          workflowId: outboundWorkflowId(messageId),
          taskQueue: QUEUES.inbound,
          args: [messageId],
          typedSearchAttributes: deps.searchAttributes(await messageFacts(deps.pool, messageId)),
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          requestEagerStart: true,
          workflowTaskTimeout: '3s',
        });
      } catch (error) {
        deps.log.warn(
          { reason: String(error), messageId },
          'The send could not be started; the sweeper will start it.',
        );
      }
    },
    async keepSubscription(inboxId) {
      try {
        const inbox = await deps.inboxes.byId(inboxId);
        await deps.client.workflow.signalWithStart('mailSubscription', {
          workflowId: subscriptionWorkflowId(inboxId),
          taskQueue: QUEUES.flows,
          args: [inboxId],
          signal: wake,
          typedSearchAttributes: deps.searchAttributes(
            inbox ? { workspaceId: inbox.workspaceId, inboxId } : {},
          ),
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowTaskTimeout: '3s',
        });
      } catch (error) {
        deps.log.warn(
          { reason: String(error), inboxId },
          'A subscription could not be looked at; the sweeper will see to it.',
        );
      }
    },
    async payWakes(wakes, after) {
      if (after) deps.faults.at(after);
      try {
        await payWakes(deps, wakes);
      } catch (error) {
        deps.log.warn(
          { reason: String(error) },
          'A wake could not be delivered; the sweeper will deliver it.',
        );
      }
    },
  };
}

/** A stored version that can't be read any more ends its runs with a clear error; it never stops a conversation. */
function readDefinition(json: unknown, log: Logger): FlowDefinition {
  const parsed = parseFlowDefinition(json);
  if (parsed.kind === 'ok') return parsed.definition;
  log.error({ problems: parsed.problems }, 'A published flow version cannot be read.');
  return { schemaVersion: 1, triggers: [], entry: '', steps: {} };
}

let installed = false;
function installTemporalRuntime(log: Logger): void {
  if (installed) return;
  installed = true;
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
  TemporalRuntime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      log[levels[level]]({ from: 'temporal', ...meta }, message),
    ),
    shutdownSignals: [],
  });
}
