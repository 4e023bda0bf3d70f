/** What TikTok tells us: one event in a delivery, its content JSON within JSON, signed anew for every try. */
import type { JsonObject } from '#domain/json.ts';
import { signTikTok } from '../signature.ts';
import type { Account, Chat, Line, World } from './account.ts';

export function emit(world: World, account: Account, event: string, content: JsonObject): void {
  const body = JSON.stringify({
    client_key: world.deps.apps.tiktok?.id ?? '',
    event,
    create_time: Math.floor(Date.now() / 1000),
    user_openid: account.businessId,
    content: JSON.stringify(content),
  });
  account.courier.post(() => {
    const app = world.deps.apps.tiktok;
    if (!world.callbackUrl || !app) return null;
    const headers = {
      'content-type': 'application/json',
      'tiktok-signature': signTikTok(app.secret, body, Date.now()),
    };
    return { url: world.callbackUrl, headers, body };
  });
}

/** Between whom: the person first, or the business. */
export function partiesOf(account: Account, chat: Chat, from: Line['from']): JsonObject {
  const person = { name: chat.username, user: { id: chat.userId, role: 'personal_account' } };
  const business = { name: account.username, user: { id: account.businessId, role: 'business_account' } };
  const [sender, receiver] = from === 'customer' ? [person, business] : [business, person];
  return {
    from: sender.name,
    to: receiver.name,
    unique_identifier: chat.userId,
    from_user: sender.user,
    to_user: receiver.user,
    conversation_id: chat.id,
  };
}

export function emitLine(
  world: World,
  account: Account,
  chat: Chat,
  line: Line,
  source: 'API' | 'APP',
): void {
  emit(world, account, line.from === 'customer' ? 'im_receive_msg' : 'im_send_msg', {
    ...partiesOf(account, chat, line.from),
    message_id: line.id,
    timestamp: line.atMs,
    ...line.content,
    ...(line.replyTo === undefined
      ? {}
      : { referenced_message_info: { referenced_message_id: line.replyTo } }),
    scene_type: 0,
    is_follower: true,
    message_tag: { source },
  });
}

/** The person has seen everything of ours. */
export function emitRead(world: World, account: Account, chat: Chat): void {
  const last = chat.lines.findLast(({ from }) => from === 'business');
  if (!last) return;
  for (const line of chat.lines) if (line.from === 'business') line.read = true;
  emit(world, account, 'im_mark_read_msg', {
    ...partiesOf(account, chat, 'customer'),
    timestamp: Date.now(),
    read: { last_read_timestamp: last.atMs },
  });
}
