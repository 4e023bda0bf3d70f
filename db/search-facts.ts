/** Whose a workflow is: what Temporal's search attributes say of it. One short read, only where a workflow is started. */
import type pg from 'pg';

export interface SearchFacts {
  workspaceId?: string;
  inboxId?: string;
  conversationId?: string;
  flowId?: string;
}

/** @returns nothing known where the run isn't there (any more) */
export async function runFacts(pool: pg.Pool, runId: string): Promise<SearchFacts> {
  const { rows } = await pool.query<Row>({
    name: 'run_facts',
    text: 'select workspace_id, inbox_id, conversation_id, flow_id from runs where id = $1',
    values: [runId],
  });
  return factsOf(rows[0]);
}

/** @returns nothing known where the message isn't there (any more) */
export async function messageFacts(pool: pg.Pool, messageId: string): Promise<SearchFacts> {
  const { rows } = await pool.query<Row>({
    name: 'message_facts',
    text: 'select workspace_id, inbox_id, conversation_id, null as flow_id from messages where id = $1',
    values: [messageId],
  });
  return factsOf(rows[0]);
}

interface Row {
  workspace_id: string;
  inbox_id: string | null;
  conversation_id: string | null;
  flow_id: string | null;
}

function factsOf(row: Row | undefined): SearchFacts {
  if (!row) return {};
  return {
    workspaceId: row.workspace_id,
    ...(row.inbox_id === null ? {} : { inboxId: row.inbox_id }),
    ...(row.conversation_id === null ? {} : { conversationId: row.conversation_id }),
    ...(row.flow_id === null ? {} : { flowId: row.flow_id }),
  };
}
