/** What operators do to runs. Each says in one sentence why it can't where it can't, and changes nothing then. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { audit } from '#db/audit.ts';
import { inWorkspace, type Tx } from '#db/client.ts';
import { cancelRun, giveBack } from '#db/ownership.ts';
import { markTerminated, replanMessage, retryEvent, skipWait, withdrawMessage } from '#db/run-actions.ts';
import { findRun, type RunRow } from '#db/runs.ts';
import type { OwedWake } from '#domain/drive/snapshot.ts';
import { runWorkflowId } from '#workflows/contract.ts';
import { actingAs } from '../acting.ts';
import type { ApiDeps, AppEnv, RequestActor } from '../deps.ts';
import type { OwnershipPoint } from '../engine.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { requirePermission } from '../middleware/permissions.ts';
import { createRouter, idParam, jsonAnswer, refusals } from '../openapi.ts';
import { runShape, toRun } from '../shapes/run.ts';
import { terminateWorkflow } from '../workflow-history.ts';
import { runOrRefuse } from './runs.ts';

const summaries = {
  cancel: 'End a flow run, or withdraw a reply that has not left',
  terminate: 'End a flow run by force, its workflow too',
  retry: 'Try again: a message whose workflow failed, or a reply that failed',
  skip: 'End the wait a flow run is in, as if its time were over',
  resume: 'Give a paused flow run the conversation back',
} as const;
type Action = keyof typeof summaries;

const action = (name: Action) =>
  createRoute({
    method: 'post',
    path: `/api/runs/{id}/${name}` as const,
    summary: summaries[name],
    middleware: [requirePermission('runs:write')] as const,
    request: {
      params: idParam,
      body: {
        required: false,
        content: {
          'application/json': {
            schema: z.object({
              /** retry only: send again although the first may have arrived. */
              evenIfUnknown: z.boolean().optional(),
            }),
          },
        },
      },
    },
    responses: { 200: jsonAnswer(runShape, 'The run as it is now.'), ...refusals },
  });

interface Done {
  wakes: OwedWake[];
  /** What was committed, where a crash right behind it has a name. */
  committed?: OwnershipPoint;
  /** Once committed. */
  afterwards?: () => Promise<void> | void;
}
interface Ask {
  deps: ApiDeps;
  actor: RequestActor;
  run: RunRow;
  evenIfUnknown: boolean;
}

export function runActionRoutes(deps: ApiDeps): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  for (const name of Object.keys(summaries) as Action[]) {
    routes.openapi(action(name), async (c) => {
      const actor = c.get('actor');
      const { id } = c.req.valid('param');
      const evenIfUnknown = (c.req.valid('json') ?? {}).evenIfUnknown === true;
      const done = await inWorkspace(deps.appDb, actor.workspaceId, async (tx) => {
        const run = await findRun(tx, id);
        if (!run) throw notFound('run');
        const result = await actions[name](tx, { deps, actor, run, evenIfUnknown });
        await audit(tx, actor, `run.${name}`, { kind: 'run', id }, { kind: run.kind, evenIfUnknown });
        return result;
      });
      // Wakes first: a signal after the end of a workflow would start it anew.
      await deps.engine.payWakes(done.wakes, done.committed);
      await done.afterwards?.();
      deps.feed.poke();
      return c.json(toRun(await runOrRefuse(deps, actor, id), deps.config), 200);
    });
  }
  return routes;
}

const actions: Record<Action, (tx: Tx, ask: Ask) => Promise<Done>> = {
  async cancel(tx, { actor, run }) {
    if (run.kind === 'flow') return { ...(await endRun(tx, actor, run)), committed: 'cancel.committed' };
    if (run.kind === 'inbound') {
      throw wrongState('A received message is never dropped. Cancel the flow run it started instead.');
    }
    if ((await withdrawMessage(tx, actor.workspaceId, run.id, actor.name)) !== 'withdrawn') {
      throw wrongState(`This reply is ${run.status}: it has left or is leaving, and can't be withdrawn.`);
    }
    return { wakes: [] };
  },

  async terminate(tx, { deps, actor, run }) {
    if (run.kind !== 'flow') {
      throw wrongState(
        'Only flow runs can be terminated: the workflow of a message would be started again at once.',
      );
    }
    const { wakes } = await endRun(tx, actor, run);
    await markTerminated(tx, run.id);
    const afterwards = async (): Promise<void> => {
      await terminateWorkflow(deps.temporal, runWorkflowId(run.id), `Terminated by ${actor.name}`);
    };
    return { wakes, afterwards };
  },

  async retry(tx, { deps, actor, run, evenIfUnknown }) {
    if (run.kind === 'flow') {
      throw wrongState(
        "A flow run isn't repeated, or its messages would be sent twice. The customer's next message starts the flow anew.",
      );
    }
    if (run.kind === 'inbound') {
      if (!(await retryEvent(tx, run.id)))
        throw wrongState(
          `This message's workflow is ${run.status}; only a failed or unstarted one is tried again.`,
        );
      return {
        wakes: [],
        afterwards: () =>
          deps.engine.eventsAccepted([
            { eventId: run.id, workspaceId: actor.workspaceId, inboxId: run.inbox_id ?? '' },
          ]),
      };
    }
    const replanned = await replanMessage(tx, actor.workspaceId, run.id, evenIfUnknown);
    if (replanned === 'may_have_arrived') {
      throw new ApiError(
        409,
        'may_have_arrived',
        'No answer came the first time, so this reply may have arrived. Send {"evenIfUnknown": true} to send it again all the same.',
      );
    }
    if (replanned === 'wrong_state')
      throw wrongState(`This reply is ${run.status}; only one that failed is sent again.`);
    return { wakes: [], afterwards: () => deps.engine.startOutbound(run.id) };
  },

  async skip(tx, { actor, run }) {
    const wakes = run.kind === 'flow' ? await skipWait(tx, actor.workspaceId, run.id) : null;
    if (!wakes) {
      throw wrongState(
        run.waiting_for === 'person'
          ? 'The run is paused while a person answers; resume it first.'
          : `This run is ${run.status}; only a flow run that waits for a reply or a time can be skipped on.`,
      );
    }
    return { wakes };
  },

  async resume(tx, { actor, run }) {
    if (run.kind !== 'flow' || run.waiting_for !== 'person' || run.conversation_id === null) {
      throw wrongState(
        `This run is ${run.status}, not paused; only a run that a person has taken over can be resumed.`,
      );
    }
    return giveBack(tx, {
      workspaceId: actor.workspaceId,
      conversationId: run.conversation_id,
      actor: actingAs(actor),
    });
  },
};

async function endRun(tx: Tx, actor: RequestActor, run: RunRow): Promise<Done> {
  const { wakes, cancelled } = await cancelRun(tx, {
    workspaceId: actor.workspaceId,
    runId: run.id,
    actor: actingAs(actor),
  });
  if (!cancelled) throw wrongState(`This run has ended already (${run.status}).`);
  return { wakes };
}

function wrongState(message: string): ApiError {
  return new ApiError(409, 'wrong_state', message);
}
