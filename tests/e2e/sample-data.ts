/** People who write to a running product, and an agent who answers: something to look at on every page. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definitions } from '#channels/definitions.ts';
import { signBody } from '#channels/hmac.ts';
import type { SampleIds } from '../../studio-ui/src/lib/routes.ts';
import type { Product } from '../support/product.ts';
import { writeEmails } from './sample-emails.ts';

type Target = Pick<Product, 'url' | 'home' | 'adminEmail' | 'adminPassword'>;
interface Writer {
  id: string;
  name: string;
  email?: string;
  texts: string[];
}

const WRITERS: Writer[] = [
  {
    id: 'ada',
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    texts: [
      'Good morning!',
      'Support',
      'My parcel 4711 has been on its way for nine days. Where is it? https://track.example.com/4711',
    ],
  },
  {
    id: 'chris',
    name: 'Chris Müller',
    texts: ['Hi, we are forty people and want to know your prices.', 'Sales', 'chris@example.org'],
  },
  { id: 'taro', name: '山田 太郎', texts: ['注文の配送状況を教えてください。', 'Support'] },
  { id: 'fatima', name: 'فاطمة السيد', texts: ['مرحبا، أريد تغيير عنوان التوصيل من فضلك.'] },
  {
    id: 'mateo',
    name: 'Mateo García',
    email: 'mateo@example.com',
    texts: ['Hola, la silla llegó rota 😕', 'Support', 'La pata trasera está partida.'],
  },
  {
    id: 'noor',
    name: 'Noor de Vries',
    texts: ['Is anybody there?', 'what?', 'I just want a person', 'a human, please'],
  },
  { id: 'sam', name: 'Sam Okafor', texts: ['Thank you for the quick help last week, you are great.'] },
  { id: 'lena', name: 'Lena', texts: ['Can I still change my order?'] },
];

/** Fills it once. Resolves when bots and providers have answered what there was to answer. */
export async function fillWithSamples(
  product: Target,
  picture: Uint8Array,
): Promise<SampleIds & { emailConversationId: string; callConversationId: string }> {
  const demo = JSON.parse(await readFile(path.join(product.home, 'demo-inbox.json'), 'utf8')) as {
    inboxId: string;
    secret: string;
    receiverPort: number;
  };
  const api = await callerOf(product);
  const receiver = await takeReplies(demo.receiverPort);
  try {
    let messageNo = 0;
    const write = async (writer: Writer, text: string, attachments: object[] = []): Promise<void> => {
      const { texts: _, ...from } = writer;
      const body = JSON.stringify({
        id: `sample-${writer.id}-${Date.now()}-${messageNo++}`,
        from,
        text,
        attachments,
      });
      await post(`${product.url}/webhooks/api/${demo.inboxId}`, body, {
        'X-Teloring-Signature': signBody(demo.secret, body, Date.now()),
      });
    };
    for (const writer of WRITERS) {
      for (const text of writer.texts) {
        await write(writer, text);
        await sleep(400);
      }
    }
    const mateo = WRITERS.find((writer) => writer.id === 'mateo');
    if (mateo)
      await write(mateo, 'Foto:', [
        { base64: Buffer.from(picture).toString('base64'), mimeType: 'image/png', name: 'chair.png' },
      ]);
    await writeInTelegram(api);
    const callConversationId = await takeCalls(api);
    const emailConversationId = await writeEmails(product.url, api, picture);
    await sleep(2_000);
    await answer(api);
    await sleep(1_500);
    // Messages went the whole way, so the inbox counts as active from now on.
    await api('POST', `/api/inboxes/${demo.inboxId}/test`, {});
    return { ...(await sampleIds(api)), callConversationId, emailConversationId };
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
}

/** As agents do: reply, note, assign, label, prioritize, connect, snooze, resolve. */
async function answer(api: Api): Promise<void> {
  const { items } = await api<{ items: Conversation[] }>('GET', '/api/conversations?limit=100');
  const of = (name: string): Conversation => {
    const found = items.find((item) => item.contact.name === name);
    if (!found) throw new Error(`No conversation of ${name} came to be; there are ${items.length}.`);
    return found;
  };
  const members = await api<{ items: { userId: string }[] }>('GET', '/api/members');
  const me = members.items[0]?.userId ?? null;
  const change = (conversation: Conversation, body: object) =>
    api('PATCH', `/api/conversations/${conversation.id}`, body);
  const say = (conversation: Conversation, text: string, isPrivate = false) =>
    api('POST', `/api/conversations/${conversation.id}/messages`, {
      clientMessageId: crypto.randomUUID(),
      text,
      private: isPrivate,
    });

  const ada = of('Ada Lovelace');
  const customer = await api<{ id: string }>('POST', '/api/customers', {
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    phone: '+44 20 7946 0000',
    company: 'Analytical Engines Ltd',
    fields: { plan: 'Business', seats: 12 },
  });
  await change(ada, {
    owner: 'human',
    assigneeId: me,
    priority: 'high',
    labels: ['support', 'vip'],
    customerId: customer.id,
  });
  await say(ada, 'Hello Ada, I am sorry about that. I am asking the carrier right now.');
  await say(ada, 'Carrier says: held at customs since Tuesday, released today.', true);
  await say(ada, 'It was held at customs and goes on today. You should have it by Thursday.');
  const mateo = of('Mateo García');
  await change(mateo, { priority: 'urgent', labels: ['support'] });
  await say(mateo, 'Lo siento mucho, Mateo. Te enviamos una silla nueva hoy mismo.');
  await change(of('Sam Okafor'), { status: 'resolved', labels: ['feedback'] });
  await change(of('Lena'), {
    status: 'snoozed',
    snoozedUntil: new Date(Date.now() + 20 * 3_600_000).toISOString(),
  });
  for (const name of ['Chris Müller', 'Grace Hopper', 'Mateo García'])
    await api('POST', '/api/customers', { name });
}

/** A second channel, through the double of its provider. */
async function writeInTelegram(api: Api): Promise<void> {
  const inbox = await api<{ id: string }>('POST', '/api/inboxes', {
    type: 'telegram',
    name: 'Shop bot',
    sandbox: true,
    credentials: { botToken: `${Date.now()}:sample-token-for-screenshots-000000` },
  });
  for (const [chatId, personName, text] of [
    ['81', 'Ivo', 'Hallo! Do you ship to Portugal?'],
    ['82', 'Priya', 'Just wanted to say the new app is lovely'],
  ] as const) {
    await api('POST', `/sandbox/api/${inbox.id}/messages`, { chatId, personName, text });
  }
}

/** A number that is called: one call is answered and noted down, one is missed. The conversation of the first. */
async function takeCalls(api: Api): Promise<string> {
  const digits = String(Date.now()).slice(-12);
  const inbox = await api<{ id: string }>('POST', '/api/inboxes', {
    type: 'voice',
    name: 'Hotline',
    sandbox: true,
    credentials: definitions.voice.sandboxCredentials?.(digits),
  });
  await api('PUT', '/api/presence', { status: 'online' });
  const act = (kind: string, chatId: string, personName?: string) =>
    api('POST', `/sandbox/api/${inbox.id}/acts`, { kind, chatId, ...(personName ? { personName } : {}) });
  const callOf = async (from: string, fits: (call: Call) => boolean): Promise<Call> => {
    for (;;) {
      const { items } = await api<{ items: Call[] }>('GET', '/api/voice/calls?limit=20');
      const found = items.find((call) => call.from === from && call.conversationId !== null && fits(call));
      if (found) return found;
      await sleep(200);
    }
  };
  await act('call', '+442079460018', 'Rosa Martín');
  const { id } = await callOf('+442079460018', ({ ringing }) => ringing.length > 0);
  await api('POST', `/api/voice/calls/${id}/sandbox`, { do: 'answer' });
  const answered = await callOf('+442079460018', ({ answeredAt }) => answeredAt !== null);
  await api('POST', `/api/conversations/${answered.conversationId}/messages`, {
    clientMessageId: crypto.randomUUID(),
    text: 'Wants to move the delivery to Friday. Call back when the carrier has confirmed.',
    private: true,
  });
  await sleep(3_000);
  await act('hang_up', '+442079460018');
  await callOf('+442079460018', ({ state }) => state === 'ended');
  await api('POST', `/api/voice/calls/${id}/wrap-up`, { seconds: 0 });
  await act('call', '+442079460019', 'Unknown caller');
  await callOf('+442079460019', ({ ringing }) => ringing.length > 0);
  await act('hang_up', '+442079460019');
  return answered.conversationId ?? '';
}
interface Call {
  id: string;
  from: string;
  conversationId: string | null;
  state: string;
  ringing: string[];
  answeredAt: string | null;
}

async function sampleIds(api: Api): Promise<SampleIds> {
  const first = async <T>(listPath: string): Promise<T | undefined> =>
    (await api<{ items: T[] }>('GET', listPath)).items[0];
  const [conversations, flow, runs, customers, inboxes, invitation] = await Promise.all([
    api<{ items: Conversation[] }>('GET', '/api/conversations?limit=100'),
    first<{ id: string }>('/api/flows'),
    api<{ items: { id: string; status: string; contactName?: string }[] }>(
      'GET',
      '/api/runs?kind=flow&limit=100',
    ),
    api<{ items: { id: string; company: string | null }[] }>('GET', '/api/customers?limit=100'),
    api<{ items: { id: string; type: string }[] }>('GET', '/api/inboxes'),
    api<{ link: string | null }>('POST', '/api/invitations', {
      email: `new-${Date.now()}@example.com`,
      role: 'agent',
    }),
  ]);
  const inbox = inboxes.items.find((one) => one.type === 'live_chat') ?? inboxes.items[0];
  return {
    conversationId: (
      conversations.items.find((one) => one.contact.name === 'Ada Lovelace') ?? conversations.items[0]
    )?.id,
    flowId: flow?.id,
    runId: (runs.items.find((one) => one.contactName === 'Noor de Vries') ?? runs.items[0])?.id,
    customerId: (customers.items.find((one) => one.company !== null) ?? customers.items[0])?.id,
    inboxId: inbox?.id,
    inboxType: inbox?.type,
    invitationToken: invitation.link?.split('#')[1],
  };
}

interface Conversation {
  id: string;
  contact: { name: string | null };
}
type Api = <T>(method: string, pathname: string, body?: object) => Promise<T>;

/** As the admin who signed in, so that replies carry a person's name. */
async function callerOf(product: Target): Promise<Api> {
  const signedIn = await fetch(`${product.url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: product.url },
    body: JSON.stringify({ email: product.adminEmail, password: product.adminPassword }),
  });
  if (!signedIn.ok) throw new Error(`Signing in answered ${signedIn.status}: ${await signedIn.text()}`);
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  return async <T>(method: string, pathname: string, body?: object): Promise<T> => {
    const response = await fetch(product.url + pathname, {
      method,
      headers: { cookie, origin: product.url, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body ? JSON.stringify(body) : null,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${pathname} answered ${response.status}: ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  };
}

async function post(url: string, body: string, headers: Record<string, string>): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`);
}

/** The demo inbox's other end: takes every reply. */
function takeReplies(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    request
      .resume()
      .on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
