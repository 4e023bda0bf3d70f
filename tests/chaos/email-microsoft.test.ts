/**
 * A server that dies, or is stopped and goes on as a zombie, while it sends a mail by Microsoft: whatever had become of the draft, the
 * customer gets one mail, and the row says so. Microsoft is a process of its own here: it outlives the servers.
 */
import { expect, test } from 'vitest';
import type { FlowDefinition } from '#domain/flow/types.ts';
import type { SandboxPhone } from '#channels/sandbox-contract.ts';
import type { Received } from '../contract/local-server.ts';
import { createCrashStage, type CrashStage } from '../support/crash-stage.ts';
import { startMicrosoft, type MicrosoftServer, type Road } from '../support/microsoft.ts';
import type { ServerProcess } from '../support/server-process.ts';

const publicUrl = 'https://teloring.example';
const address = 'sandbox-1234@microsoft.example';
const flow: FlowDefinition = {
  schemaVersion: 1,
  triggers: [{ kind: 'message_received', inboxIds: ['*'], match: { kind: 'any' } }],
  entry: 'answer',
  steps: {
    answer: { kind: 'send', params: { text: 'We bake at six.' }, exits: { next: null, failed: null } },
  },
};

interface Scene {
  stage: CrashStage;
  phone: SandboxPhone;
  road: MicrosoftServer['road'];
  servers: ServerProcess[];
  start(faults?: string): Promise<ServerProcess>;
}

/** @param scene answers how many drafts are left over, which nobody sends */
async function play(scene: (scene: Scene) => Promise<number | void>): Promise<void> {
  const servers: ServerProcess[] = [];
  const microsoft = await startMicrosoft({
    publicUrl,
    async deliver(url, { method, headers, body }) {
      for (const server of servers.toReversed()) {
        const target = `${server.url}${url.slice(publicUrl.length)}`;
        const answer = await fetch(target, {
          method,
          headers,
          body,
          signal: AbortSignal.timeout(2_000),
        }).catch(() => null);
        if (answer)
          return {
            status: answer.status,
            body: await answer.text(),
            contentType: answer.headers.get('content-type'),
          };
      }
      return { status: 0, body: '' };
    },
  });
  const stage = await createCrashStage(flow, { ...microsoft.env, PUBLIC_URL: publicUrl });
  try {
    const phone = await microsoft.phone(address);
    const left = await scene({
      stage,
      phone,
      road: microsoft.road,
      servers,
      async start(faults) {
        const server = await stage.start(faults === undefined ? {} : { faults });
        servers.push(server);
        return server;
      },
    });
    await stage.quiet(200_000);
    const rows = await stage.query<{ state: string }>(`select state from outbox where kind = 'message'`);
    expect(rows).toEqual([{ state: 'sent' }]);
    const [message] = await stage.query<{ provider_message_id: string }>(
      `select provider_message_id from messages where direction = 'out'`,
    );
    expect(phone.ledger().map(({ providerMessageId }) => providerMessageId)).toEqual([
      message?.provider_message_id,
    ]);
    expect(phone.facts()).toMatchObject({ drafts: left ?? 0 });
    await stage.invariants();
  } finally {
    await stage.close();
    await microsoft.close();
  }
}

async function connect({ stage }: Scene, server: ServerProcess): Promise<void> {
  const created = await stage.api(server, 'POST', '/api/inboxes', {
    type: 'email',
    name: 'Mail',
    credentials: { kind: 'microsoft', address, refreshToken: 'sandbox-refresh-1234' },
  });
  expect(created.status, JSON.stringify(created.body)).toBe(201);
}

const isSend = ({ method, path }: Received): boolean => method === 'POST' && path.endsWith('/send');
const isDraft = ({ method, path }: Received): boolean => method === 'POST' && path.endsWith('/me/messages');

/** The first call that fits meets `first`; all others go their way. */
function once(fits: (received: Received) => boolean, first: Road, others?: () => void): Road {
  let met = false;
  return async (received) => {
    if (!fits(received)) return 'arrives';
    if (met) {
      others?.();
      return 'arrives';
    }
    met = true;
    return await first(received);
  };
}
const neverUntil = (): { promise: Promise<void>; let: () => void } => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, let: resolve };
};

test('killed before the call to send arrived: the same draft is sent', async () => {
  await play(async (scene) => {
    const a = await scene.start('call.sent=kill');
    await connect(scene, a);
    const dead = neverUntil();
    scene.road.meets = once(isSend, async () => {
      await dead.promise;
      return 'lost';
    });
    scene.phone.write({ chatId: '', personName: 'Ada', text: 'Bread?' });
    expect(await a.struck(30_000)).toBe(true);
    await scene.stage.until('the draft', async () => scene.phone.facts()['drafts'] === 1);
    dead.let();
    await scene.start();
  });
});

test('killed, and the call to send arrives after the successor’s: a draft is sent once', async () => {
  await play(async (scene) => {
    const a = await scene.start('call.sent=kill');
    await connect(scene, a);
    const second = neverUntil();
    scene.road.meets = once(
      isSend,
      async () => {
        await second.promise;
        return 'arrives';
      },
      second.let,
    );
    scene.phone.write({ chatId: '', personName: 'Ada', text: 'Bread?' });
    expect(await a.struck(30_000)).toBe(true);
    await scene.start();
  });
});

test('killed after it was sent and before the answer: it is found, and sent no more', async () => {
  await play(async (scene) => {
    const a = await scene.start('call.answered=kill');
    await connect(scene, a);
    scene.phone.write({ chatId: '', personName: 'Ada', text: 'Bread?' });
    expect(await a.struck(30_000)).toBe(true);
    expect(scene.phone.ledger()).toHaveLength(1);
    await scene.start();
  });
});

test('stopped while its draft was on the way, and let go on after the successor has sent: its draft is never sent', async () => {
  await play(async (scene) => {
    const a = await scene.start('call.sent=stop');
    await connect(scene, a);
    const sent = neverUntil();
    scene.road.meets = once(isDraft, async () => {
      await sent.promise;
      return 'arrives';
    });
    scene.phone.write({ chatId: '', personName: 'Ada', text: 'Bread?' });
    expect(await a.struck(30_000)).toBe(true);
    await scene.start();
    await scene.stage.until('the successor’s mail', async () => scene.phone.ledger().length === 1, 200_000);
    sent.let();
    a.cont();
    // Its time is over, so nobody reads the answer: the draft stays among the drafts.
    await scene.stage.until('the late draft', async () => scene.phone.facts()['drafts'] === 1);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return 1;
  });
});
