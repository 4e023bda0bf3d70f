/** `npm run demo:send -- "hello"`: signs a message to the demo API inbox and shows what the bot answers. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { signBody, verifySignature } from '#channels/hmac.ts';
import { ConfigError, loadStartConfig } from './config.ts';
import { readJsonIfThere } from './embedded/files.ts';
import { lockOwner } from './embedded/lock.ts';
import { StartError } from './embedded/start-error.ts';
import { demoFile, demoInboxSchema } from './first-start.ts';

const replyWaitMs = 20_000;
/** Several messages may make one reply: it is over when this long nothing more came. */
const quietMs = 1_200;

const callbackSchema = z.looseObject({
  message: z.looseObject({
    text: z.string(),
    parts: z.array(
      z.looseObject({ kind: z.string(), options: z.array(z.object({ label: z.string() })).optional() }),
    ),
  }),
});

try {
  process.exitCode = await main(process.argv.slice(2).join(' '));
} catch (error) {
  if (!(error instanceof StartError || error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main(text: string): Promise<number> {
  if (text === '') throw new StartError('Say something: npm run demo:send -- "hello"');
  const config = loadStartConfig(process.env);
  const demo = demoInboxSchema.safeParse(readJsonIfThere(demoFile(config.home)));
  if (!demo.success) {
    throw new StartError(
      `There is no demo inbox in ${config.home}. Run \`npm start\` first (it makes one where everything is embedded), ` +
        'with the same TELORING_HOME.',
    );
  }
  const running = lockOwner(path.join(config.home, 'lock'));
  if (!running)
    throw new StartError('Teloring is not running. Run `npm start` in another terminal, then send again.');
  const { inboxId, secret, receiverPort } = demo.data;
  const replies = { lastAtMs: 0 };
  const receiver = await receive(receiverPort, secret, (lines) => {
    replies.lastAtMs = Date.now();
    for (const line of lines) console.log(line);
  });
  try {
    console.log(`you: ${text}`);
    await send(`${running.url ?? config.loopbackUrl}/webhooks/api/${inboxId}`, secret, text);
    const deadline = Date.now() + replyWaitMs;
    const waiting = (): boolean => replies.lastAtMs === 0 || Date.now() - replies.lastAtMs < quietMs;
    while (Date.now() < deadline && waiting()) await sleep(50);
    if (replies.lastAtMs === 0) {
      console.log(
        `(accepted, but no reply in ${replyWaitMs / 1000} s: a person may have the conversation, see ${running.url ?? config.loopbackUrl})`,
      );
    }
    return 0;
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
}

/** One contact per person of this machine, so that the next message goes on with the talk. */
async function send(url: string, secret: string, text: string): Promise<void> {
  const { username } = os.userInfo();
  const body = JSON.stringify({
    id: randomUUID(),
    from: { id: `demo-${username}`, name: username },
    text,
    sentAt: new Date().toISOString(),
  });
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-teloring-signature': signBody(secret, body, Date.now()),
    },
    body,
  }).catch((error: unknown) => {
    throw new StartError(
      `${url} can't be reached. Is Teloring running with the same TELORING_HOME? Nothing was sent.`,
      { cause: error },
    );
  });
  if (response.status === 202) return;
  throw new StartError(`Teloring refused the message (${response.status}): ${await response.text()}`);
}

/** Takes the replies, as a customer's own system would: checks the signature, drops repeats of one Idempotency-Key. */
async function receive(port: number, secret: string, show: (lines: string[]) => void): Promise<Server> {
  const seen = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const header = request.headers['x-teloring-signature'];
      if (
        verifySignature(secret, typeof header === 'string' ? header : undefined, body, Date.now()) !== 'ok'
      ) {
        response.writeHead(401).end();
        return;
      }
      const key = String(request.headers['idempotency-key']);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      if (seen.has(key)) return;
      seen.add(key);
      show(linesOf(body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  }).catch((error: unknown) => {
    throw new StartError(
      `Port ${port}, where the demo inbox sends its replies, is taken: another demo:send may still be waiting. ` +
        'Try again in a moment; nothing was sent.',
      { cause: error },
    );
  });
  return server;
}

function linesOf(body: Buffer): string[] {
  const { message } = callbackSchema.parse(JSON.parse(body.toString()));
  const options = message.parts.flatMap((part) => part.options ?? []);
  return [`bot: ${message.text}`, ...options.map(({ label }) => `       · ${label}`)];
}
