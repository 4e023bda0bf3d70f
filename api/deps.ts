/** What the HTTP side is built from. Opened by api/server.ts, handed to every route group. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { HttpClient } from '#channels/http.ts';
import type { createRegistry } from '#channels/registry.ts';
import type { MediaStore } from '#channels/media-store.ts';
import type { Db } from '#db/client.ts';
import type { InboxCache } from '#db/inbox-cache.ts';
import type { Keyring } from '#db/keyring.ts';
import type { Role } from '#domain/roles.ts';
import type { Auth } from './auth/auth.ts';
import type { Mailer } from './auth/mailer.ts';
import type { Config } from './config.ts';
import type { Engine } from './engine.ts';
import type { Feed } from './feed.ts';

export interface ApiDeps {
  config: Config;
  /** One workspace per transaction: use it through `inWorkspace`. */
  appDb: Db;
  /** Every workspace: sign-in, keys, webhooks, health. Never for what a member asked to read. */
  engineDb: Db;
  keyring: Keyring;
  auth: Auth;
  /** Null where no mail server is configured. */
  mailer: Mailer | null;
  registry: ReturnType<typeof createRegistry>;
  inboxes: InboxCache;
  media: MediaStore;
  /** Out to providers. */
  http: HttpClient;
  temporal: Client;
  engine: Engine;
  /** What changed, for the open screens. */
  feed: Feed;
  log: Logger;
  /** Opens payloads of Temporal's history for the codec endpoint. */
  decodePayloads: DecodePayloads;
  /** Route groups of this process only. */
  extraRoutes?: ((deps: ApiDeps) => OpenAPIHono<AppEnv>)[];
}

/** A payload in Temporal's codec-server JSON: metadata values and data are base64. */
export interface CodecPayload {
  metadata?: Record<string, string>;
  data?: string;
}
export type DecodePayloads = (payloads: CodecPayload[]) => Promise<CodecPayload[]>;

/** Who asks: a signed-in member or an API key, always in one workspace. */
export interface RequestActor {
  userId: string | null;
  apiKeyId: string | null;
  name: string;
  role: Role;
  workspaceId: string;
  requestId: string;
}

export interface AppEnv {
  Variables: {
    requestId: string;
    /** Set on every route below /api that isn't open. */
    actor: RequestActor;
  };
}
