/** Who the page around us says its visitor is. */
import type { Identity, ToFrame } from '../protocol.ts';
import type { Connection } from './connection.ts';
import type { Host } from './host.ts';

const againMs = 3_000;

/** What is on screen is of one visitor: where that changes, the frame begins anew, with what wasn't sent yet. */
export function createPerson(connection: Connection, host: Host) {
  let latest = 0;

  async function identify(requestId: string, identity: Identity): Promise<void> {
    const mine = (latest += 1);
    for (;;) {
      const answer = await connection.identify(identity);
      // The page has said something else meanwhile.
      if (mine !== latest || answer.kind === 'given_up') return;
      if (answer.kind === 'later') {
        await new Promise((resolve) => setTimeout(resolve, Math.max(answer.afterMs, againMs)));
        if (mine !== latest) return;
        continue;
      }
      if (answer.kind === 'refused') {
        const { code, message } = answer;
        return host.tell({ teloring: 'frame', kind: 'not_identified', requestId, code, message });
      }
      const { externalId } = identity;
      host.tell({ teloring: 'frame', kind: 'identified', requestId, externalId });
      if (answer.body.changed) location.reload();
      return;
    }
  }
  async function leave(requestId: string): Promise<void> {
    latest += 1;
    await connection.leave();
    host.tell({ teloring: 'frame', kind: 'logged_out', requestId });
    // Who made the frame makes it anew, once, however often it was asked to sign out.
    if (!host.embedded) location.reload();
  }

  return (message: ToFrame): void => {
    if (message.kind === 'identify') void identify(message.requestId, message.identity);
    if (message.kind === 'logout') void leave(message.requestId);
    if (message.kind === 'fields') void connection.call('POST', 'fields', { fields: message.fields });
  };
}
