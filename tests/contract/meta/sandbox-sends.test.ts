/** Meta's double, spoken to over its own wire: comments, faults, echoes, login. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  PAGE,
  INSTAGRAM,
  apps,
  graph,
  messenger,
  facebook,
  subscribe,
  bodies,
  meta,
  startDouble,
  inbox,
  type Answer,
  type Loose,
} from './double.ts';

beforeEach(startDouble);

describe('comments', () => {
  test('a private reply: once, within seven days, and the window stays shut until they answer', async () => {
    const phone = await facebook();
    const { messageId: comment_id } = phone.write({ chatId: '', text: 'How much?', personName: 'Ann' });
    const reply = (id: string): Promise<Answer> =>
      graph(`/${PAGE}/messages`, { recipient: { comment_id: id }, message: { text: '5 €' } });
    const { recipient_id } = (await reply(comment_id)).body;
    expect((await reply(comment_id)).body.error.code).toBe(10_900);
    expect(
      (
        await graph(`/${PAGE}/messages`, {
          recipient: { id: recipient_id },
          messaging_type: 'RESPONSE',
          message: { text: 'So?' },
        })
      ).body.error.error_subcode,
    ).toBe(2_018_278);
    const late = phone.write({ chatId: '', text: 'And this?', personName: 'Bob' });
    meta.nowMs += 7 * 24 * 3_600_000 + 1;
    expect((await reply(late.messageId)).body.error.code).toBe(10_903);
  });

  test('reply, hide, like, delete; our own doing comes back through feed', async () => {
    const phone = await facebook();
    await subscribe('feed');
    const { chatId, messageId } = phone.write({ chatId: '', text: 'First!', personName: 'Ann' });
    const { id } = (await graph(`/${messageId}/comments`, { message: 'Thanks' })).body;
    await graph(`/${messageId}`, { is_hidden: true });
    await graph(`/${messageId}/likes`, {});
    await phone.settled();
    const values = bodies().flatMap(({ entry }) =>
      entry.flatMap((each: Loose) => each.changes.map((change: Loose) => change.value)),
    );
    expect(values.map(({ verb, from }: Loose) => [verb, from.id === PAGE])).toEqual([
      ['add', false],
      ['add', true],
      ['hide', false],
    ]);
    expect(values[1]).toMatchObject({ comment_id: id, parent_id: messageId, post_id: chatId });
    expect(phone.chats()[0]?.messages.find((each) => each.id === messageId)).toMatchObject({
      hidden: true,
      reactions: ['👍'],
    });
    expect((await graph(`/${messageId}`, undefined, { method: 'DELETE' })).body).toEqual({ success: true });
    expect((await graph(`/${messageId}/comments`, { message: 'x' })).body.error).toMatchObject({
      code: 100,
      error_subcode: 33,
    });
  });
});

describe('faults', () => {
  test.each([
    ['rate_limited', 613, undefined],
    ['server_error', 2, undefined],
    ['token_expired', 190, 463],
    ['permission_revoked', 200, undefined],
    ['window_closed', 10, 2_018_278],
    ['contact_unreachable', 551, 1_545_041],
  ] as const)('%s as Meta says it, and only as often as asked', async (kind, code, subcode) => {
    const phone = await messenger();
    const { chatId } = phone.write({ chatId: '', text: 'Hi' });
    const send = (): Promise<Answer> =>
      graph(`/${PAGE}/messages`, {
        recipient: { id: chatId },
        messaging_type: 'RESPONSE',
        message: { text: 'x' },
      });
    phone.addFault({ kind, times: 1, retryAfterSeconds: 120 });
    const refused = await send();
    expect([refused.body.error.code, refused.body.error.error_subcode]).toEqual([code, subcode]);
    if (kind === 'rate_limited')
      expect(
        JSON.parse(refused.headers.get('x-business-use-case-usage') ?? '')[PAGE][0]
          .estimated_time_to_regain_access,
      ).toBe(2);
    expect((await send()).status).toBe(200);
    expect(phone.ledger()).toHaveLength(1);
  });
});

describe('login', () => {
  const redirect = 'https://teloring.example/oauth/meta/callback';
  const dialogUrl = `http://double/dialog/v26.0/dialog/oauth?client_id=${apps.meta.id}&redirect_uri=${encodeURIComponent(redirect)}&state=s&response_type=code&scope=pages_messaging`;
  const decide = async (decision: string): Promise<URL> => {
    const answer = await meta.double.handle(
      new Request(`${dialogUrl}&account=104200000003&decision=${decision}`),
      '/dialog/v26.0/dialog/oauth',
    );
    return new URL(answer.headers.get('location') ?? '');
  };

  test('dialog, code, tokens, the pages that were ticked', async () => {
    const page = await meta.double.handle(new Request(dialogUrl), '/dialog/v26.0/dialog/oauth');
    expect(await page.text()).toContain('Café Zürich');
    const location = await decide('approve');
    expect(location.searchParams.get('state')).toBe('s');
    const exchange = (redirect_uri: string): Promise<Answer> =>
      graph(
        `/oauth/access_token?${new URLSearchParams({ client_id: apps.meta.id, client_secret: apps.meta.secret, redirect_uri, code: location.searchParams.get('code') ?? '' })}`,
      );
    expect((await exchange(`${redirect}/`)).body.error.error_subcode).toBe(36_008);
    const { access_token: token } = (await exchange(redirect)).body;
    expect((await exchange(redirect)).body.error.error_subcode).toBe(36_009);
    const pages = (await graph('/me/accounts?fields=id,name,access_token', undefined, { token })).body.data;
    expect(pages).toMatchObject([
      { id: '104200000003', name: 'Café Zürich 🥐', access_token: 'sandbox-page-104200000003' },
    ]);
    expect((await graph('/me', undefined, { token: pages[0].access_token })).body.id).toBe('104200000003');
  });

  test('only who knows the app’s secret gets a token made of it', async () => {
    const ask = (secret: string): Promise<Answer> =>
      graph(
        `/oauth/access_token?${new URLSearchParams({ grant_type: 'client_credentials', client_id: apps.meta.id, client_secret: secret })}`,
      );
    for (const secret of ['', 'guess']) {
      const refused = await ask(secret);
      expect(refused.body.error.code).toBe(1);
      expect(JSON.stringify(refused.body)).not.toContain(apps.meta.secret);
    }
    expect((await ask(apps.meta.secret)).body.access_token).toBe(`${apps.meta.id}|${apps.meta.secret}`);
  });

  test.each(['https://evil.example/', 'https://teloring.example.evil.example/', 'javascript:alert(1)'])(
    'nobody is sent on to %s',
    async (elsewhere) => {
      const url = new URL(`${dialogUrl}&account=104200000003&decision=approve`);
      url.searchParams.set('redirect_uri', elsewhere);
      const answer = await meta.double.handle(new Request(url), '/dialog/v26.0/dialog/oauth');
      expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    },
  );

  test('a list of pages is paged, and a refusal comes back as one', async () => {
    const first = (await graph('/me/accounts?limit=2', undefined, { token: 'sandbox-user-u' })).body;
    expect(first.data).toHaveLength(2);
    const rest = (
      await graph(`/me/accounts?limit=2&after=${first.paging.cursors.after}`, undefined, {
        token: 'sandbox-user-u',
      })
    ).body;
    expect([rest.data.length, rest.paging.next]).toEqual([1, undefined]);
    expect((await decide('deny')).searchParams.get('error')).toBe('access_denied');
  });
});

describe('what people of the business do, and what doesn’t arrive', () => {
  test('their own inbox is another app’s echo; ours carries our id and metadata', async () => {
    const phone = await messenger();
    await subscribe('messages,message_echoes');
    const { chatId } = phone.write({ chatId: '', text: 'Hi' });
    phone.write({ chatId, text: 'From the Page inbox', fromOwnApp: true });
    const message = { text: 'By API', metadata: 'outbox-1' };
    await graph(`/${PAGE}/messages`, { recipient: { id: chatId }, messaging_type: 'RESPONSE', message });
    await phone.settled();
    const echoes = bodies()
      .flatMap(({ entry }) => entry.flatMap((each: Loose) => each.messaging))
      .filter((each: Loose) => each.message.is_echo);
    expect(echoes).toMatchObject([
      { sender: { id: PAGE }, recipient: { id: chatId }, message: { text: 'From the Page inbox' } },
      { sender: { id: PAGE }, message: { app_id: Number(apps.meta.id), metadata: 'outbox-1' } },
    ]);
    expect(echoes[0].message.app_id).not.toBe(Number(apps.meta.id));
  });

  test('no answer after accepting: the message is there, the caller gives up', async () => {
    const phone = await messenger();
    const { chatId } = phone.write({ chatId: '', text: 'Hi' });
    phone.addFault({ kind: 'no_answer', times: 1 });
    const recipient = { recipient: { id: chatId }, messaging_type: 'RESPONSE', message: { text: 'x' } };
    const answered = graph(`/${PAGE}/messages`, recipient).then(() => 'answered');
    const waited = new Promise((resolve) => setTimeout(() => resolve('nothing'), 100));
    expect(await Promise.race([answered, waited])).toBe('nothing');
    expect(phone.ledger()).toHaveLength(1);
  });

  test('an Instagram account of Facebook Login hangs on its page: subscribed with it, written to by it', async () => {
    const credentials = {
      instagramUserId: INSTAGRAM,
      accessToken: 'sandbox-token',
      login: 'facebook',
      pageId: PAGE,
    };
    const phone = await meta.double.phone(inbox('instagram_dm', credentials));
    const { chatId } = phone.write({ chatId: '', text: 'lost' });
    await phone.settled();
    expect(meta.delivered).toEqual([]);
    await subscribe('messages');
    phone.write({ chatId, text: 'Hi' });
    const sent = await graph(`/${PAGE}/messages`, { recipient: { id: chatId }, message: { text: 'Hello' } });
    expect(sent.body.recipient_id).toBe(chatId);
    await phone.settled();
    expect(bodies()[0]).toMatchObject({ object: 'instagram', entry: [{ id: INSTAGRAM }] });
    expect(phone.chats()[0]?.messages.map((each) => each.text)).toEqual(['lost', 'Hi', 'Hello']);
  });
});
