/** Who is asking: finds the inbox, checks the page's origin, the rates and the signed session. */
import type { Context } from 'hono';
import { liveChatDefinition } from '#channels/live_chat/definition.ts';
import { bearerToken, readVisitorToken, type VisitorSession } from '#channels/live_chat/visitor-token.ts';
import type { InboxCache } from '#db/inbox-cache.ts';
import { derivedKey, type Keyring } from '#db/keyring.ts';
import { isUuid } from '#domain/ids.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { forwardedAddress } from '../middleware/client-address.ts';
import { ApiError } from '../middleware/errors.ts';
import { createBuckets, type Buckets } from '../middleware/rate-limit.ts';
import { mayCall } from './origins.ts';

export type LiveChatDeps = Pick<
  ApiDeps,
  'config' | 'appDb' | 'engineDb' | 'keyring' | 'registry' | 'inboxes' | 'media' | 'engine' | 'log'
>;
export type LiveChatInbox = NonNullable<Awaited<ReturnType<InboxCache['byId']>>>;

/** Per address and per session: what may come at once, and per second after that. */
export interface VisitorLimits {
  address: { burst: number; perSecond: number };
  session: { burst: number; perSecond: number };
  /** Uploads of one session. */
  uploads: { burst: number; perSecond: number };
}
/** An address may be a whole office; a session is one person. */
export const defaultVisitorLimits: VisitorLimits = {
  address: { burst: 200, perSecond: 20 },
  session: { burst: 30, perSecond: 2 },
  uploads: { burst: 10, perSecond: 0.2 },
};

/** The keys of visitor sessions: the current one signs, older ones of the keyring still open. */
export function visitorKeys(keyring: Keyring): Uint8Array[] {
  const others = [...keyring.keys.keys()].filter((keyId) => keyId !== keyring.currentKeyId);
  return [keyring.currentKeyId, ...others].map((keyId) =>
    derivedKey({ currentKeyId: keyId, keys: keyring.keys }, 'visitor'),
  );
}

export interface Visitors {
  /** The inbox of the path. @throws ApiError 404 */
  inbox(c: Context<AppEnv>): Promise<LiveChatInbox>;
  /** Refuses pages the inbox doesn't allow (403) and addresses that ask too often (429). */
  admit(c: Context<AppEnv>, inbox: LiveChatInbox): void;
  /** The session the request carries, or null. */
  session(c: Context<AppEnv>, inbox: LiveChatInbox): VisitorSession | null;
  /** All of it. @throws ApiError 401 without a valid session, 404, 403, 429 */
  visitor(c: Context<AppEnv>): Promise<{ inbox: LiveChatInbox; session: VisitorSession }>;
  /** Counts one upload. @throws ApiError 429 */
  countUpload(c: Context<AppEnv>, session: VisitorSession): void;
}

export function createVisitors(deps: LiveChatDeps, limits: VisitorLimits): Visitors {
  const keys = visitorKeys(deps.keyring);
  const buckets = {
    address: createBuckets(limits.address.burst, limits.address.perSecond),
    session: createBuckets(limits.session.burst, limits.session.perSecond),
    uploads: createBuckets(limits.uploads.burst, limits.uploads.perSecond),
  };
  const visitors: Visitors = {
    async inbox(c) {
      const id = c.req.param('inboxId') ?? '';
      const inbox = isUuid(id) ? await deps.inboxes.byId(id) : null;
      if (!inbox || inbox.deletedAt || inbox.type !== liveChatDefinition.type) {
        throw new ApiError(404, 'not_found', 'There is no Live Chat inbox with this id; nothing was stored.');
      }
      return inbox;
    },
    admit(c, inbox) {
      const origin = c.req.header('origin');
      if (!mayCall(deps.config, inbox, { origin, site: c.req.header('sec-fetch-site') })) {
        throw new ApiError(
          403,
          'origin_not_allowed',
          `${origin ?? 'This page'} may not use this chat. Its owner can add the address to the inbox's allowed websites.`,
        );
      }
      take(c, buckets.address, forwardedAddress(c));
    },
    session: (c, inbox) =>
      readVisitorToken(keys, bearerToken(c.req.header('authorization')), inbox.id, Date.now()),
    async visitor(c) {
      const inbox = await visitors.inbox(c);
      visitors.admit(c, inbox);
      const session = visitors.session(c, inbox);
      if (!session) {
        throw new ApiError(
          401,
          'visitor_session_invalid',
          'This chat session is not valid here or is over. Ask for a new one.',
        );
      }
      take(c, buckets.session, session.visitorId);
      return { inbox, session };
    },
    countUpload(c, session) {
      take(c, buckets.uploads, session.visitorId);
    },
  };
  return visitors;
}

function take(c: Context<AppEnv>, buckets: Buckets, key: string): void {
  const waitSeconds = buckets.take(key);
  if (waitSeconds === 0) return;
  c.header('Retry-After', String(waitSeconds));
  throw new ApiError(429, 'rate_limited', `Too many requests; try again in ${waitSeconds} s.`);
}
