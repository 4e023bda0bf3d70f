import { createKeyring } from '#db/keyring.ts';
import { createPayloadCodec } from '#activities/payload-codec.ts';
import { bundleWorkflows } from '#activities/worker.ts';
import { Worker } from '@temporalio/worker';
import { historiesKey } from './histories.ts';

/** Replays histories against today's workflow code. @returns one line per history that no longer fits */
export async function replay(histories: { workflowId: string; history: unknown }[]): Promise<string[]> {
  const { code } = await bundleWorkflows();
  const results = Worker.runReplayHistories(
    {
      workflowBundle: { code },
      dataConverter: { payloadCodecs: [createPayloadCodec(createKeyring(historiesKey))] },
    },
    histories as never,
  );
  const problems: string[] = [];
  for await (const { workflowId, error } of results)
    if (error) problems.push(`${workflowId}: ${error.message}`);
  return problems;
}
