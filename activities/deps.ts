/** What activities are built from; opened by the process that runs workers. */
import type { Client } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { MicrosoftAccounts } from '#channels/email/microsoft/accounts.ts';
import type { HttpClient } from '#channels/http.ts';
import type { MediaStore } from '#channels/media-store.ts';
import type { createRegistry } from '#channels/registry.ts';
import type { FlowDefinitions } from '#db/flow-definitions.ts';
import type { InboxCache } from '#db/inbox-cache.ts';
import type { SearchFacts } from '#db/search-facts.ts';
import type { Faults } from './faults.ts';

export interface ActivityDeps {
  /** As teloring_engine: every workspace. */
  pool: pg.Pool;
  inboxes: InboxCache;
  registry: ReturnType<typeof createRegistry>;
  definitions: FlowDefinitions;
  http: HttpClient;
  media: MediaStore;
  /** A signed, absolute URL of a media's bytes. */
  mediaUrl: (mediaId: string) => string;
  /** What we keep of Microsoft mailboxes beside their inboxes. */
  accounts: MicrosoftAccounts;
  /** Where Microsoft tells us of mailboxes. */
  notificationUrl: string;
  client: Client;
  /** What a workflow of these is found by in Temporal's own UI. */
  searchAttributes: (facts: SearchFacts) => SearchAttributePair[];
  faults: Faults;
  log: Logger;
  /** Rows that screens listen to have changed (same process only; others poll). */
  changed: () => void;
  /** An inbound event's workflow has nothing more to do: makes room for the next. */
  eventDone: (eventId: string) => void;
}
