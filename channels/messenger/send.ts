import type { JsonObject } from '#domain/json.ts';
import { isMedia } from '#domain/message.ts';
import { beforeSend } from '../before-send.ts';
import {
  ChannelError,
  type OutboundMessage,
  type SendOptions,
  type Sent,
  type SignalTarget,
} from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { unreadable, type GraphCall } from '../meta/graph.ts';
import { callPage, type PageInbox } from '../meta/page.ts';
import { sentMessage } from '../meta/wire.ts';
import { attachmentOf, messageOf } from './render.ts';
import { messagingType } from './window.ts';

/** Another app answers in this conversation. */
const NOT_OWNER = '10/2018300';

/**
 * Sends one part. Where another app holds the conversation, a person's message takes it over and is sent again (the first was
 * refused); a bot's is not sent at all. @throws ChannelError
 */
export async function sendMessenger(
  http: HttpClient,
  inbox: PageInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  const [part, ...others] = message.parts;
  if (!part || others.length > 0)
    throw new ChannelError('permanent', 'Messenger takes one part in one call.');
  if (message.author === 'bot' && message.replyAddress['standby'] === true)
    throw new ChannelError(
      'permanent',
      'Another app answers in this conversation (Meta’s conversation routing), so the flow’s message was not sent. An agent’s reply takes the conversation over.',
    );
  const type = messagingType(message, inbox.settings['humanAgent'] === true);
  const media = isMedia(part) ? await beforeSend('The file', options.media(part.mediaId)) : null;
  const content = isMedia(part) && media ? attachmentOf(part, media) : messageOf(part, choicesOf(inbox));
  const fields: JsonObject = {
    recipient: recipientOf(addressOf(message)),
    ...type,
    message: { ...content, ...quoteOf(message), metadata: options.key },
  };
  const send = async (): Promise<Sent> => {
    const body = media ? { form: multipart(fields, media) } : { json: fields };
    return await post(http, inbox, { ...body, signal: options.signal });
  };
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof ChannelError) || error.providerCode !== NOT_OWNER || message.author !== 'agent')
      throw error;
    await takeOver(http, inbox, addressOf(message), options.signal);
    return await send();
  }
}

async function post(
  http: HttpClient,
  inbox: PageInbox,
  body: Pick<GraphCall, 'json' | 'form' | 'signal'>,
): Promise<Sent> {
  const path = `/${inbox.credentials.pageId}/messages`;
  const read = sentMessage.safeParse(await callPage(http, inbox, { method: 'POST', path, ...body }));
  if (!read.success) throw unreadable('the message');
  return { providerMessageId: read.data.message_id };
}

/** Nothing was sent yet, so no answer here is "not sent". */
async function takeOver(
  http: HttpClient,
  inbox: PageInbox,
  contactId: string,
  signal: AbortSignal,
): Promise<void> {
  const path = `/${inbox.credentials.pageId}/take_thread_control`;
  const json = { recipient: recipientOf(contactId) };
  await callPage(http, inbox, { method: 'POST', path, json, signal }).catch((error: unknown) => {
    if (!(error instanceof ChannelError) || error.kind !== 'no_answer') throw error;
    throw new ChannelError('not_sent', error.message, { cause: error });
  });
}

export async function signalMessenger(
  http: HttpClient,
  inbox: PageInbox,
  kind: 'typing' | 'read',
  target: SignalTarget,
  signal: AbortSignal,
): Promise<void> {
  const action = kind === 'typing' ? 'typing_on' : 'mark_seen';
  await callPage(http, inbox, {
    method: 'POST',
    path: `/${inbox.credentials.pageId}/messages`,
    json: { recipient: recipientOf(addressOf(target)), sender_action: action },
    signal,
  });
}

/** The conversation's own address: the contact may since be known by another id. */
function addressOf({
  replyAddress,
  contactExternalId,
}: Pick<OutboundMessage, 'replyAddress' | 'contactExternalId'>): string {
  const { contactId } = replyAddress;
  return typeof contactId === 'string' && contactId !== '' ? contactId : contactExternalId;
}

const USER_REF = 'user_ref:';

function recipientOf(contactId: string): JsonObject {
  return contactId.startsWith(USER_REF) ? { user_ref: contactId.slice(USER_REF.length) } : { id: contactId };
}

/** Presses of buttons, arrivals by link and unknown kinds go by ids of ours and can't be quoted. */
function quoteOf({ inReplyTo }: OutboundMessage): JsonObject {
  if (inReplyTo === undefined || /^[a-z_-]+:/.test(inReplyTo)) return {};
  return { reply_to: { mid: inReplyTo } };
}

function choicesOf(inbox: PageInbox): 'quick_replies' | 'buttons' {
  return inbox.settings['choices'] === 'buttons' ? 'buttons' : 'quick_replies';
}

function multipart(
  fields: JsonObject,
  media: { bytes: Uint8Array; mimeType: string; name?: string },
): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    form.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  form.set(
    'filedata',
    new Blob([Uint8Array.from(media.bytes)], { type: media.mimeType }),
    media.name ?? 'file',
  );
  return form;
}
