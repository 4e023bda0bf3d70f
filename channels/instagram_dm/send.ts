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
import { callInstagram, postMessage, senderNode, type InstagramInbox } from '../instagram/call.ts';
import { messageOf } from './render.ts';
import { windowFields } from './window.ts';

/** One call to the Send API; media go as links. @throws ChannelError */
export async function sendDirectMessage(
  http: HttpClient,
  inbox: InstagramInbox,
  message: OutboundMessage,
  options: SendOptions,
): Promise<Sent> {
  if (message.author === 'bot' && message.replyAddress['standby'] === true)
    throw new ChannelError(
      'permanent',
      'Another app answers in this conversation (Meta’s conversation routing), so the flow’s message was not sent.',
    );
  const igsid = addressOf(message);
  const window = windowFields(inbox, { ...message, contactExternalId: igsid });
  const links = await beforeSend('The file', linksOf(message, options));
  const json: JsonObject = {
    recipient: { id: igsid },
    ...window,
    message: messageOf(message.parts, ({ mediaId }) => links.get(mediaId) ?? ''),
    ...quoteOf(message),
  };
  return { providerMessageId: await postMessage(http, inbox, json, options.signal) };
}

async function linksOf({ parts }: OutboundMessage, options: SendOptions): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  for (const part of parts.filter(isMedia)) {
    if (!options.mediaUrl) throw new Error('No links to media can be made here.');
    links.set(part.mediaId, await options.mediaUrl(part.mediaId));
  }
  return links;
}

/** The conversation's own address: the contact may since be known by another id. */
function addressOf({
  replyAddress,
  contactExternalId,
}: Pick<OutboundMessage, 'replyAddress' | 'contactExternalId'>): string {
  const { igsid } = replyAddress;
  return typeof igsid === 'string' && igsid !== '' ? igsid : contactExternalId;
}

/** Presses of buttons, arrivals by link and unknown kinds go by ids of ours and can't be quoted. */
function quoteOf({ inReplyTo }: OutboundMessage): JsonObject {
  return inReplyTo === undefined || /^[a-z_]+:/.test(inReplyTo) ? {} : { reply_to: { mid: inReplyTo } };
}

/** @throws ChannelError */
export async function signalDirectMessage(
  http: HttpClient,
  inbox: InstagramInbox,
  kind: 'typing' | 'read',
  target: SignalTarget,
  signal: AbortSignal,
): Promise<void> {
  const action = kind === 'typing' ? 'typing_on' : 'mark_seen';
  const json = { recipient: { id: addressOf(target) }, sender_action: action };
  await callInstagram(http, inbox, { method: 'POST', path: `/${senderNode(inbox)}/messages`, json, signal });
}
