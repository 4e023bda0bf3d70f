/** A stack with a key of each role, and the ask flow up to its wait: for tests of runs over HTTP. */
import { createApiKey } from '#db/api-keys.ts';
import { inWorkspace } from '#db/client.ts';
import { ROLES, type Role } from '#domain/roles.ts';
import { uuidV7 } from '#domain/ids.ts';
import { asking, type Answer, type Ask } from './ask.ts';
import { askFlow, type AskFlowOptions } from './flows.ts';
import { startStack, type Stack } from './stack.ts';

export interface Run {
  id: string;
  kind: string;
  status: string;
  workflowId: string;
  flowId?: string;
  versionNo?: number;
  conversationId?: string;
  inboxId?: string;
  waitingFor?: string;
  waitingUntil?: string;
  endedAt?: string;
  error?: { kind: string };
}
export interface Refusal {
  error: { code: string; message: string };
}
export interface List<T> {
  items: T[];
  nextCursor: string | null;
}
export interface RunStack {
  stack: Stack;
  /** As an operator, unless told. */
  json: Ask;
  list(query: string): Promise<Run[]>;
  act(id: string, action: string, body?: object): Promise<Answer<Run & Refusal>>;
  conversation(from: string): Promise<string>;
  /** Says something that starts the ask flow; its run, waiting. */
  asked(from: string, options?: AskFlowOptions): Promise<{ run: Run; eventId: string; flowId: string }>;
  /** An agent's reply; its message id. */
  reply(from: string, text: string): Promise<string>;
}

export async function startRunStack(): Promise<RunStack> {
  const stack = await startStack({ sweepEveryMs: 0 });
  const keys = new Map<Role, string>();
  for (const role of ROLES) {
    const { key } = await inWorkspace(stack.runtime.deps.appDb, stack.workspaceId, (tx) =>
      createApiKey(tx, {
        workspaceId: stack.workspaceId,
        name: role,
        role,
        expiresAt: null,
        createdBy: null,
      }),
    );
    keys.set(role, key);
  }
  const json = asking({
    request: async (path, { as = 'operator', method, body }) =>
      stack.app.request(path, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          authorization: `Bearer ${as === 'nobody' ? '' : keys.get(as)}`,
          'content-type': 'application/json',
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  });
  const list: RunStack['list'] = async (query) => (await json<List<Run>>(`/api/runs?${query}`)).body.items;
  const conversation: RunStack['conversation'] = async (from) => {
    const [row] = await stack.query<{ id: string }>(
      'select c.id from conversations c join contacts k on k.id = c.contact_id where k.external_id = $1',
      [from],
    );
    if (!row) throw new Error('No conversation yet.');
    return row.id;
  };
  return {
    stack,
    json,
    list,
    conversation,
    act: (id, action, body = {}) => json<Run & Refusal>(`/api/runs/${id}/${action}`, { body }),
    async asked(from, options = {}) {
      const flowId = await stack.publish(askFlow(options), 'Count');
      const eventId = await stack.say(from, 'start');
      await stack.until(
        'the run waits',
        async () => (await list(`flowId=${flowId}&status=waiting`)).length === 1,
      );
      await stack.quiet();
      const [run] = await list(`flowId=${flowId}`);
      if (!run) throw new Error('No run.');
      return { run, eventId, flowId };
    },
    async reply(from, text) {
      const {
        status,
        body,
        text: said,
      } = await json<{ id: string }>(`/api/conversations/${await conversation(from)}/messages`, {
        as: 'agent',
        body: { clientMessageId: uuidV7(), text },
      });
      if (status !== 201) throw new Error(`The reply answered ${status}: ${said}`);
      return body.id;
    },
  };
}
