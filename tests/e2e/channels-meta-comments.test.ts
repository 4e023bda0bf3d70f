/** Comments under posts, and accounts that several inboxes share: what an agent does there, and what stays subscribed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import type { MessageWire } from '../../api/shapes/message.ts';
import type { SandboxInbox } from '../support/channel-inbox.ts';
import { startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import {
  beginTalk,
  comments,
  customerWrites,
  instagramAccount,
  instagramOfPageAccount,
  named,
  newInstagramId,
  newPageId,
  numberAccount,
  pageAccount,
} from './meta-channels.ts';

let product: ChannelProduct;

beforeAll(async () => {
  product = await startChannelProduct();
}, 240_000);
afterAll(() => product?.close(), 120_000);

const actOn = (message: MessageWire | undefined, action: string) =>
  product.ask('POST', `/api/messages/${message?.id}/actions`, { action });

describe.each(named(comments))('%s', (_name, channel) => {
  test('a public reply stands under the comment, a private one goes to its writer, once', async () => {
    const { inbox, thread, chatId, messageId } = await beginTalk(product, channel, 'Do you have cake?');
    const [comment] = await thread.messages();
    const answered = { inReplyToId: comment?.id ?? '' };
    const open = await thread.reply({ text: 'We do!', ...answered });
    await thread.has(open.id, 'sent');
    const below = await inbox.phone.sees(chatId, ({ text }) => text === 'We do!');
    expect(below.replyTo).toBe(messageId);

    const quiet = await thread.reply({ text: 'Shall I keep one for you?', as: 'private_reply', ...answered });
    await thread.has(quiet.id, 'sent', 'delivered');
    const chats = await inbox.phone.chats();
    const letter = chats.find(({ kind }) => kind === 'direct');
    expect(letter?.messages.map(({ text }) => text)).toEqual(['Shall I keep one for you?']);
    const again = await product.ask('POST', `/api/conversations/${thread.id}/messages`, {
      clientMessageId: crypto.randomUUID(),
      text: 'And another one?',
      as: 'private_reply',
      ...answered,
    });
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'answered_before' } } });
    expect(await inbox.phone.sent()).toHaveLength(2);
  });

  test('a comment is hidden, shown again, liked and deleted, as far as the provider goes', async () => {
    const { inbox, thread, chatId, messageId } = await beginTalk(product, channel, 'Buy cheap watches');
    const [comment] = await thread.messages();
    const actions = definitions[channel.type].actions ?? [];
    const shown = async () => (await inbox.phone.chat(chatId)).messages.find(({ id }) => id === messageId);
    expect(await actOn(comment, 'hide')).toMatchObject({
      status: 200,
      body: { hiddenAt: expect.any(String) },
    });
    expect(await shown()).toMatchObject({ hidden: true });
    expect(await actOn(comment, 'unhide')).toMatchObject({ status: 200, body: { hiddenAt: null } });
    expect(await shown()).toMatchObject({ hidden: false });
    const liked = await actOn(comment, 'like');
    if (actions.includes('like')) {
      expect(liked).toMatchObject({ status: 200, body: { likedAt: expect.any(String) } });
      expect(await shown()).toMatchObject({ reactions: ['👍'] });
      expect(await actOn(comment, 'unlike')).toMatchObject({ status: 200, body: { likedAt: null } });
      expect(await shown()).toMatchObject({ reactions: [] });
    } else {
      expect(liked).toMatchObject({ status: 422, body: { error: { code: 'not_supported' } } });
    }
    expect(await actOn(comment, 'delete')).toMatchObject({
      status: 200,
      body: { deletedAt: expect.any(String) },
    });
    expect(await shown()).toMatchObject({ deleted: true });
    // What the provider tells of our own doings is no news.
    const last = await inbox.phone.write({ chatId, personName: 'Somebody else', text: 'Nice place' });
    await inbox.holding(last.messageId);
    expect((await thread.messages()).map(({ text }) => text)).toHaveLength(1);
  });
});

describe('two inboxes on one account', () => {
  const fieldsOf = async ({ phone }: SandboxInbox) => (await phone.facts())['subscribed'];
  const disconnect = (inbox: SandboxInbox) =>
    product.call<{ disconnectedAtProvider: boolean }>('DELETE', `/api/inboxes/${inbox.id}`);
  const wellHeard = async (inbox: SandboxInbox, text: string): Promise<void> => {
    const { thread } = await customerWrites(inbox, text);
    const reply = await thread.reply('Heard');
    await thread.has(reply.id, 'sent', 'delivered');
    expect((await thread.messages()).map((message) => message.text)).toEqual([text, 'Heard']);
  };
  const pageId = newPageId();
  const userId = newInstagramId();

  test.each([
    {
      name: 'a page',
      credentials: pageAccount(pageId),
      one: ['messenger', ['messages', 'message_echoes', 'message_reactions']] as const,
      other: ['facebook_page', ['feed']] as const,
    },
    {
      name: 'an Instagram account',
      credentials: instagramAccount(userId),
      one: ['instagram_dm', ['messages', 'message_reactions']] as const,
      other: ['instagram_posts', ['comments']] as const,
    },
  ])('$name: messages and comments side by side; who leaves takes only their own fields', async (row) => {
    const [oneType, oneFields] = row.one;
    const [otherType, otherFields] = row.other;
    const one = await product.createSandboxInbox(oneType, row.credentials);
    expect(await fieldsOf(one)).toEqual(expect.arrayContaining([...oneFields]));
    expect(await fieldsOf(one)).not.toEqual(expect.arrayContaining([...otherFields]));
    const other = await product.createSandboxInbox(otherType, row.credentials);
    expect(await fieldsOf(one)).toEqual(expect.arrayContaining([...oneFields, ...otherFields]));
    await wellHeard(one, 'By message');
    await wellHeard(other, 'By comment');
    expect([await one.conversations(), await other.conversations()].map(({ length }) => length)).toEqual([
      1, 1,
    ]);

    expect(await disconnect(one)).toMatchObject({ disconnectedAtProvider: true });
    expect(await fieldsOf(other)).toEqual(expect.arrayContaining([...otherFields]));
    expect(await fieldsOf(other)).not.toEqual(expect.arrayContaining([...oneFields]));
    await wellHeard(other, 'Still there?');
    expect(await disconnect(other)).toMatchObject({ disconnectedAtProvider: true });
    // Somebody must look at it to see that nothing is left.
    const witness = await product.ask('GET', `/sandbox/api/${other.id}/phone`);
    expect(witness.status).toBe(404);
    expect(await subscribedFields(row.credentials)).toEqual([]);
  });

  test('an Instagram account by Facebook Login hangs on its page, which stays subscribed for it', async () => {
    const { page, instagram } = instagramOfPageAccount();
    const messenger = await product.createSandboxInbox('messenger', page);
    const direct = await product.createSandboxInbox('instagram_dm', instagram);
    const posts = await product.createSandboxInbox('instagram_posts', instagram);
    await wellHeard(messenger, 'On Messenger');
    await wellHeard(direct, 'On Instagram');
    await wellHeard(posts, 'Under a post');
    await disconnect(messenger);
    await wellHeard(direct, 'On Instagram again');
    await disconnect(direct);
    await wellHeard(posts, 'Under a post again');
    await disconnect(posts);
    expect(await subscribedFields(page)).toEqual([]);
  });

  test('two WhatsApp numbers of one business account: it is left with the last one', async () => {
    const [first, second] = [numberAccount(), numberAccount()];
    const wabaId = first['wabaId'] ?? '';
    const one = await product.createSandboxInbox('whatsapp', first);
    const other = await product.createSandboxInbox('whatsapp', { ...second, wabaId });
    await wellHeard(one, 'To the first');
    await wellHeard(other, 'To the second');
    await disconnect(one);
    expect(await fieldsOf(other)).toBe(true);
    await wellHeard(other, 'Still there?');
    await disconnect(other);
    expect(await subscribedFields({ ...second, wabaId })).toEqual([]);
  });

  /** What the provider itself says is subscribed, asked as an app would. */
  async function subscribedFields(credentials: Record<string, unknown>): Promise<unknown> {
    const token = String(credentials['pageAccessToken'] ?? credentials['accessToken']);
    const host = 'login' in credentials && credentials['login'] === 'instagram' ? 'instagram' : 'graph';
    const id = String(credentials['wabaId'] ?? credentials['pageId'] ?? credentials['instagramUserId']);
    const path = `/sandbox/meta/${host}/v26.0/${id}/subscribed_apps?access_token=${token}`;
    const answer = await fetch(product.product.url + path);
    return ((await answer.json()) as { data: unknown }).data;
  }
});
