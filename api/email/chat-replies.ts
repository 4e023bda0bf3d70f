/** A visitor's answer to a mail that followed them out of the chat: it belongs to that chat, not to an email thread. */
import type { InboundMessageEvent, InboundPart } from '#channels/contract.ts';
import type { Authentication } from '#channels/email/authentication.ts';
import { attachmentMedia, mailEventId } from '#channels/email/event.ts';
import type { Mail } from '#channels/email/mail.ts';
import { outboxIdOf } from '#channels/email/message-id.ts';
import { newTextOf } from '#channels/email/new-text.ts';
import { readReplyAddress } from '#channels/email/reply-address.ts';
import { liveChatDefinition } from '#channels/live_chat/definition.ts';
import { mailedChat, type MailedChat } from '#db/chat-mails.ts';
import type { InboxCache, CachedInbox } from '#db/inbox-cache.ts';
import type { EmailAddress, EmailPart } from '#domain/message.ts';
import type pg from 'pg';

const longestText = 20_000;

export interface ChatReply {
  inbox: CachedInbox;
  event: InboundMessageEvent;
}

export interface ChatReplyFacts {
  mail: Mail;
  writer: EmailAddress;
  authentication: Authentication;
  automatic: EmailPart['automatic'];
  /** Where it was brought to. */
  addressed: readonly string[];
  originalKey: string;
}

/**
 * Null where the mail answers none of ours, or isn't from the address that ours went to: who got it forwarded speaks for nobody. The
 * signed address alone, or our own id, is not enough either where the mail is known to be forged.
 */
export async function chatReplyOf(
  deps: { pool: pg.Pool; inboxes: InboxCache; replyKeys: readonly Uint8Array[] },
  workspaceId: string,
  facts: ChatReplyFacts,
): Promise<ChatReply | null> {
  const { mail, writer, authentication, automatic } = facts;
  const chat = await chatNamed(deps, facts);
  if (chat?.workspaceId !== workspaceId || automatic !== undefined || authentication.verdict === 'fail')
    return null;
  if (!chat.addresses.includes(writer.address.toLowerCase())) return null;
  const inbox = await deps.inboxes.byId(chat.inboxId);
  if (!inbox || inbox.deletedAt !== null) return null;
  const text = newTextOf(mail.text).text.slice(0, longestText);
  const parts: InboundPart[] = [
    ...(text === '' ? [] : [{ kind: 'text' as const, text }]),
    ...mail.attachments.map((each) => attachmentMedia(each, facts.originalKey)),
  ];
  return {
    inbox,
    event: {
      kind: 'message',
      eventId: mailEventId(mail, writer),
      providerMessageId: mail.messageId,
      threadKey: chat.threadKey,
      contact: { externalId: chat.contactExternalId },
      parts: parts.length > 0 ? parts : [{ kind: 'unsupported', what: 'an empty mail' }],
      ...(mail.dateMs === undefined ? {} : { sentAtMs: mail.dateMs }),
      replyAddress: {},
      reference: { original: facts.originalKey },
    },
  };
}

/** By the signed address, else by the id of ours that it answers. */
async function chatNamed(
  { pool, inboxes, replyKeys }: Parameters<typeof chatReplyOf>[0],
  { mail, addressed }: ChatReplyFacts,
): Promise<MailedChat | null> {
  for (const address of addressed) {
    const [, thread] = /^[^@]*\+([0-9a-f]{32})\./i.exec(address) ?? [];
    if (thread === undefined) continue;
    const conversationId = thread.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    const chat = await mailedChat(pool, { mailIds: [], conversationId });
    const inbox = chat && (await inboxes.byId(chat.inboxId));
    if (inbox?.type === liveChatDefinition.type && readReplyAddress(replyKeys, inbox, address) !== null)
      return chat;
  }
  const mailIds = [...mail.inReplyTo, ...mail.references].map(outboxIdOf).filter((id) => id !== null);
  return mailIds.length === 0 ? null : mailedChat(pool, { mailIds, conversationId: null });
}
