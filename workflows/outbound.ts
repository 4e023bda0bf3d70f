import { sleep } from '@temporalio/workflow';
import type { OutboundReport } from '#activities/outbound.ts';
import { local, regular } from './drive.ts';

/** One per message an agent (or the API) sends. On the fast path one workflow task; the order within a conversation is kept by the rows. */
export async function outboundMessage(messageId: string): Promise<void> {
  let failures = 0;
  let deliver = false;
  for (;;) {
    try {
      const report: OutboundReport = deliver
        ? await regular.deliverOutbound(messageId)
        : await local.sendOutbound(messageId);
      failures = 0;
      if (report.kind === 'done') return;
      deliver = report.kind === 'later';
      if (report.kind === 'wait') await sleep(2_000);
      if (report.kind === 'later' && report.afterMs > 30_000) await sleep(report.afterMs);
    } catch {
      failures += 1;
      deliver = false;
      await sleep(Math.min(500 * 2 ** failures, 60_000));
    }
  }
}
