/** What Temporal's own UI can be searched by: WorkspaceId, InboxId, ConversationId, FlowId. Ids only, never encrypted. */
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import type { SearchFacts } from '#db/search-facts.ts';
import { SEARCH_ATTRIBUTES } from '#workflows/contract.ts';

const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

const keys = {
  WorkspaceId: defineSearchAttributeKey('WorkspaceId', 'KEYWORD'),
  InboxId: defineSearchAttributeKey('InboxId', 'KEYWORD'),
  ConversationId: defineSearchAttributeKey('ConversationId', 'KEYWORD'),
  FlowId: defineSearchAttributeKey('FlowId', 'KEYWORD'),
};
const factOf = {
  WorkspaceId: 'workspaceId',
  InboxId: 'inboxId',
  ConversationId: 'conversationId',
  FlowId: 'flowId',
} as const;

export interface SearchAttributes {
  /** Of these facts, those this namespace knows an attribute for: a start with an unknown one would be refused. */
  of: (facts: SearchFacts) => SearchAttributePair[];
  stop: () => void;
}

/** How long a server may take until a new attribute can be used. */
const lookAgainMs = 60_000;

/**
 * Uses the attributes the namespace has, and registers those it lacks where the server lets us; they are used once the server knows them.
 * A server that refuses (Temporal Cloud has its own way) is told of in the log, and workflows start without them.
 */
export async function openSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
  log: Pick<Logger, 'info'>,
): Promise<SearchAttributes> {
  let known = new Set<string>();
  const look = async (): Promise<string[]> => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    known = new Set(
      SEARCH_ATTRIBUTES.filter((name) => customAttributes[name] === INDEXED_VALUE_TYPE_KEYWORD),
    );
    return SEARCH_ATTRIBUTES.filter((name) => !known.has(name));
  };
  let later: NodeJS.Timeout | undefined;
  try {
    const missing = await look();
    if (missing.length > 0) {
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD])),
      });
      later = setTimeout(() => void look().catch(() => undefined), lookAgainMs);
      later.unref();
    }
  } catch (error) {
    log.info(
      { reason: error instanceof Error ? error.message : String(error) },
      `Temporal has no search attributes ${SEARCH_ATTRIBUTES.join(', ')} here (type Keyword); everything works, its own UI can't be searched by them.`,
    );
  }
  return {
    of: (facts) =>
      SEARCH_ATTRIBUTES.flatMap((name) => {
        const value = facts[factOf[name]];
        return known.has(name) && value ? [{ key: keys[name], value }] : [];
      }),
    stop: () => clearTimeout(later),
  };
}
