/** The Send API of Messenger and Instagram: one shape, two sets of limits and words. */
import type { Json, JsonObject } from '#domain/json.ts';
import { answer, GraphRefusal, invalidParameter, noSuchObject } from './answers.ts';
import type { Call } from './call.ts';
import { unreachable, windowClosed } from './faults.ts';
import { flagOf, listOf, objectOf, textOf } from './fields.ts';
import { derivedId, instagramMid, messengerMid, numericId } from './ids.ts';
import type { Attachment, DirectMessage } from './webhook-bodies.ts';
import {
  addFile,
  DAY_MS,
  addMessage,
  findMessage,
  shownUrl,
  threadOf,
  type Account,
  type StoredFile,
  type StoredMessage,
  type Thread,
} from './world.ts';

const KINDS = ['image', 'audio', 'video', 'file'] as const;

/** `/{page or Instagram account}/messages`. @throws GraphRefusal */
export async function sendMessage(call: Call, account: Account): Promise<Response> {
  const recipient = objectOf(call.fields.values['recipient']);
  const action = textOf(call.fields.values['sender_action']);
  const commentId = textOf(recipient['comment_id']) || textOf(recipient['post_id']);
  if (commentId !== '') return await deliver(call, account, privateThread(call, account, commentId));
  const id = textOf(recipient['id']);
  if (!/^\d{5,}$/.test(id))
    throw new GraphRefusal(100, '(#100) No matching user found', {
      subcode: account.kind === 'page' ? 2_018_001 : 2_534_014,
    });
  const thread = threadOfPerson(call, account, id);
  if (action !== '') return signal(call, thread, action);
  checkWindow(call, account, thread);
  return await deliver(call, account, thread);
}

/** Somebody unknown here is taken for one whom an earlier process knew. */
function threadOfPerson({ world }: Call, account: Account, id: string): Thread {
  const known = account.threads.get(id);
  if (known) return known;
  const thread = threadOf(account, id, { id, name: `Customer ${id.slice(-4)}` });
  thread.lastInAtMs = world.startedAtMs;
  return thread;
}

function signal({ world }: Call, thread: Thread, action: string): Response {
  if (action === 'typing_on') thread.typingUntilMs = world.now() + 20_000;
  else if (action === 'typing_off') thread.typingUntilMs = 0;
  else if (action === 'mark_seen') {
    for (const message of thread.messages) if (message.from === 'customer') message.status = 'read';
  } else if (action !== 'react' && action !== 'unreact')
    throw invalidParameter(
      `Param sender_action must be one of {MARK_SEEN, REACT, TYPING_OFF, TYPING_ON, UNREACT} - got "${action}".`,
    );
  return answer({ recipient_id: thread.id });
}

/** 24 hours after the customer's last word; seven days for people. @throws GraphRefusal */
function checkWindow({ world, fields }: Call, account: Account, thread: Thread): void {
  if (thread.blocked) throw unreachable(account);
  const tag = textOf(fields.values['tag']);
  const type = textOf(fields.values['messaging_type']);
  if (tag !== '' && tag !== 'HUMAN_AGENT') throw invalidParameter('Invalid parameter');
  if (tag !== '' && type !== 'MESSAGE_TAG')
    throw invalidParameter('Tag can only be used with messaging_type MESSAGE_TAG');
  if (type === 'MESSAGE_TAG' && tag === '')
    throw invalidParameter('A tag must be given with messaging_type MESSAGE_TAG');
  const since = thread.lastInAtMs === null ? Number.POSITIVE_INFINITY : world.now() - thread.lastInAtMs;
  if (since >= (tag === 'HUMAN_AGENT' ? 7 * DAY_MS : DAY_MS)) throw windowClosed(account);
}

/** Once per comment, within seven days; the window opens only when the writer answers. @throws GraphRefusal */
function privateThread({ world }: Call, account: Account, commentId: string): Thread {
  const found = findMessage(account, commentId);
  if (!found || found.message.deleted) throw noSuchObject(commentId);
  const { message } = found;
  if (message.privateReply) throw new GraphRefusal(10_900, '(#10900) Activity already replied to');
  if (world.now() - message.atMs > 7 * DAY_MS)
    throw new GraphRefusal(10_903, '(#10903) This user cannot reply to this activity');
  message.privateReply = true;
  const id = messagingIdOf(account, message.personId);
  const thread = threadOf(account, id, { id, name: message.author });
  thread.byPrivateReply = true;
  return thread;
}

/** Who comments has another id in messages on Facebook; on Instagram it is the same. */
export function messagingIdOf(account: Account, personId: string): string {
  return account.kind === 'instagram' ? personId : derivedId(17, `psid/${account.id}/${personId}`, '9');
}

async function deliver(call: Call, account: Account, thread: Thread): Promise<Response> {
  const message = objectOf(call.fields.values['message']);
  const content = await contentOf(call, account, message);
  const id = account.kind === 'page' ? messengerMid() : instagramMid();
  const metadata = textOf(message['metadata']);
  const replyTo = textOf(objectOf(call.fields.values['reply_to'] ?? message['reply_to'])['mid']);
  const nowMs = call.world.now();
  const { attachments, ...shown } = content;
  const stored = addMessage(thread, {
    id,
    from: 'business',
    author: account.name,
    atMs: nowMs,
    personId: '',
    ...shown,
    ...(replyTo === '' ? {} : { replyTo }),
    status: 'sent',
  });
  account.ledger.push({
    atMs: nowMs,
    ...(metadata === '' ? {} : { key: metadata }),
    providerMessageId: id,
    to: thread.id,
    request: call.fields.values,
  });
  emitEcho(call, account, thread, {
    mid: id,
    ...(stored.text === '' ? {} : { text: stored.text }),
    ...(attachments.length > 0 ? { attachments } : {}),
    ...(replyTo === '' ? {} : { reply_to: { mid: replyTo } }),
    // A number in the real ones, though ids elsewhere are texts.
    app_id: Number(
      (account.byInstagramLogin ? call.world.deps.apps.instagram : call.world.deps.apps.meta)?.id,
    ),
    ...(metadata === '' ? {} : { metadata }),
  });
  if (account.kind === 'page' && account.delivery.statuses && !thread.blocked) {
    stored.status = 'delivered';
    emitDelivery(call, account, thread, stored);
  }
  return answer({ recipient_id: thread.id, message_id: id });
}

export function emitEcho(
  { world, webhooks }: Pick<Call, 'world' | 'webhooks'>,
  account: Account,
  thread: Thread,
  message: { [Key in keyof DirectMessage]?: DirectMessage[Key] | undefined } & { mid: string },
): void {
  const given = Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined));
  // Instagram knows no field of its own for echoes.
  webhooks.emit(account, account.kind === 'page' ? 'message_echoes' : 'messages', {
    messaging: {
      sender: { id: account.id },
      recipient: { id: thread.id },
      timestamp: world.now(),
      message: { ...(given as unknown as DirectMessage), is_echo: true },
    },
  });
}

export function emitDelivery(
  { world, webhooks }: Pick<Call, 'world' | 'webhooks'>,
  account: Account,
  thread: Thread,
  message: StoredMessage,
): void {
  const delivery = { mids: [message.id], watermark: Math.max(message.atMs, world.now()) };
  webhooks.emit(account, 'message_deliveries', {
    messaging: { sender: { id: thread.id }, recipient: { id: account.id }, timestamp: world.now(), delivery },
  });
}

type Content = Pick<StoredMessage, 'text' | 'media' | 'choices'> &
  Pick<Partial<StoredMessage>, 'choiceKind'> & { attachments: Attachment[] };

/** @throws GraphRefusal 100 for what the Send API doesn't take */
async function contentOf(call: Call, account: Account, message: JsonObject): Promise<Content> {
  const text = textOf(message['text']);
  const single = objectOf(message['attachment']);
  const given = [
    ...(single['type'] === undefined ? [] : [single]),
    ...listOf(message['attachments']).map(objectOf),
  ];
  const quick = listOf(message['quick_replies']).map(objectOf);
  checkText(account, text);
  if (text === '' && given.length === 0)
    throw invalidParameter('The parameter message is required, and must not be empty');
  if (text !== '' && given.length > 0)
    throw invalidParameter('Message cannot contain both text and attachment');
  if (quick.length > 13) throw invalidParameter('Param message[quick_replies] must have at most 13 elements');
  const quickChoices = quick.map((each) => ({ id: textOf(each['payload']), label: textOf(each['title']) }));
  if (quickChoices.some(({ id, label }) => id === '' || label === '' || label.length > 20))
    throw invalidParameter('Param message[quick_replies] has a title or payload that is empty or too long');
  const template = given.find(({ type }) => type === 'template');
  if (template) return templateContent(objectOf(template['payload']));
  const attachments = await Promise.all(given.map((each) => attachmentOf(call, each)));
  return {
    text,
    media: attachments.map(({ type, shown }) => ({ kind: type, url: shown })),
    attachments: attachments.map(({ type, url }) => ({ type, payload: { url } })),
    choices: quickChoices,
    ...(quickChoices.length > 0 ? { choiceKind: 'quick_reply' as const } : {}),
  };
}

function checkText(account: Account, text: string): void {
  if (account.kind === 'page' && text.length > 2000)
    throw invalidParameter('Length of param message[text] must be less than or equal to 2000');
  if (account.kind === 'instagram' && Buffer.byteLength(text) > 1000)
    throw new GraphRefusal(100, '(#100) Length of param message[text] must be less than or equal to 1000', {
      subcode: 2_534_037,
    });
}

function templateContent(payload: JsonObject): Content {
  const elements = listOf(payload['elements']).map(objectOf);
  const text = textOf(payload['text']) || elements.map(({ title }) => textOf(title)).join(' · ');
  const buttons = [
    ...listOf(payload['buttons']),
    ...elements.flatMap(({ buttons: own }) => listOf(own ?? null)),
  ].map(objectOf);
  const choices = buttons.map((each) => ({
    id: textOf(each['payload']) || textOf(each['url']),
    label: textOf(each['title']),
  }));
  if (choices.length > 3 && elements.length === 0)
    throw invalidParameter('Param message[attachment][payload][buttons] must have at most 3 elements');
  return { text, media: [], attachments: [], choices, choiceKind: 'postback' };
}

/** Meta fetches what is given by link, at once. @throws GraphRefusal where it can't */
async function attachmentOf(
  { world, fields }: Call,
  given: JsonObject,
): Promise<{ type: (typeof KINDS)[number]; url: string; shown: string }> {
  const type = KINDS.find((kind) => kind === given['type']);
  if (!type)
    throw invalidParameter(
      `Param message[attachment][type] must be one of {audio, file, image, video, template} - got "${textOf(given['type'])}".`,
    );
  const payload = objectOf(given['payload']);
  const attachmentId = textOf(payload['attachment_id']);
  const link = textOf(payload['url']);
  if (link !== '') {
    if (!URL.canParse(link)) throw invalidParameter('Param url must be a valid URL');
    if (link.startsWith(`${world.deps.publicUrl}/`)) {
      const { status } = await world.deps
        .deliver(link, { method: 'GET', headers: {}, body: '' })
        .catch(() => ({ status: 0 }));
      if (status !== 200)
        throw new GraphRefusal(100, '(#100) Failed to fetch the file from the url', { subcode: 2_018_008 });
    }
    return { type, url: link, shown: link };
  }
  const file =
    attachmentId === '' && fields.file
      ? addFile(world, fields.file)
      : [...world.files.values()].find(({ name }) => name.startsWith(`att:${attachmentId}:`));
  if (!file) throw new GraphRefusal(100, '(#100) Upload attachment failure.', { subcode: 2_018_047 });
  return { type, url: attachmentUrl(world.deps.sandboxUrl, file, world.now()), shown: shownUrl(file) };
}

/** A signed address on the CDN, for a day. */
export function attachmentUrl(sandboxUrl: string, file: StoredFile, nowMs: number): string {
  const until = Math.floor((nowMs + DAY_MS) / 1000).toString(16);
  return `${sandboxUrl}/meta/cdn/attachment/${file.id}?_nc_cat=101&oh=03_${file.id.slice(0, 8)}&oe=${until}`;
}

/** `/{page}/message_attachments`: an id to be used in any message. @throws GraphRefusal */
export function uploadAttachment({ world, fields }: Call): Response {
  const id = numericId(16);
  const attachment = objectOf(objectOf(fields.values['message'])['attachment']);
  const isReusable: Json = objectOf(attachment['payload'])['is_reusable'] ?? false;
  if (!fields.file) throw invalidParameter('The parameter filedata is required');
  if (!flagOf(isReusable)) throw invalidParameter('is_reusable must be true to keep an attachment');
  addFile(world, { ...fields.file, name: `att:${id}:${fields.file.name}` });
  return answer({ attachment_id: id });
}

/** A person's profile. */
export function personFacts(account: Account, thread: Thread): object {
  const [first = '', ...rest] = thread.person.name.split(' ');
  if (account.kind === 'instagram')
    return {
      id: thread.id,
      name: thread.person.name,
      username: thread.person.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.'),
      follower_count: 7,
      is_user_follow_business: true,
      is_business_follow_user: false,
      is_verified_user: false,
    };
  return { id: thread.id, first_name: first, last_name: rest.join(' '), name: thread.person.name };
}
