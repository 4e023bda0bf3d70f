/** Who a visitor is: the website vouches by HMAC. What somebody who only claims it, or sat there before, must not get. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createLiveChat, newMessage, type LiveChat, type Visitor } from '../support/live-chat.ts';

let api: TestApi;
let chat: LiveChat;
let secret: string;
let address = 0;

beforeAll(async () => {
  api = await createTestApi();
  chat = await createLiveChat(api);
});
afterAll(() => api.close());
beforeEach(async () => {
  await chat.set({ identity: { required: false } });
  secret = (await makeSecret()).secret;
});

const makeSecret = async (): Promise<{ id: string; secret: string }> => {
  const response = await api.request(`/api/inboxes/${chat.inboxId}/identity-secrets`, { method: 'POST' });
  expect(response.status).toBe(201);
  return (await response.json()) as { id: string; secret: string };
};
const sign = (text: string, key = secret): string => createHmac('sha256', key).update(text).digest('hex');
/** What is signed where there is an end to it. */
const signed = (externalId: string, exp: number): string => `${externalId}\n${exp}`;
const identity = (externalId: string, more: object = {}) => ({ externalId, hash: sign(externalId), ...more });

/** The session that an identify answers with. */
async function identified(token: string, body: object): Promise<Visitor & { expiresAt: string }> {
  const response = await chat.ask(token, 'identify', body);
  expect(response.status, await response.clone().text()).toBe(201);
  return (await response.json()) as Visitor & { expiresAt: string };
}
const refusal = async (token: string, body: object): Promise<string> => {
  // Each from an address of its own: many wrong ones from one are slowed down.
  const from = `10.0.0.${(address += 1)}`;
  const response = await chat.ask(token, 'identify', body, chat.inboxId, from);
  return `${response.status} ${((await response.json()) as { error: { code: string } }).error.code}`;
};
async function say(visitor: Visitor, text: string): Promise<void> {
  expect((await chat.post(visitor.token, newMessage(text))).status).toBe(202);
  await chat.ingest();
}
const texts = async (visitor: Visitor): Promise<(string | undefined)[]> =>
  (await chat.thread(visitor)).items.map((item) => item.parts[0]?.text);
const person = (): string => `person-${crypto.randomUUID()}`;

describe('a website vouches for a visitor', () => {
  it('and they are the same person on every device', async () => {
    const id = person();
    const phone = await identified((await chat.visitor()).token, identity(id, { name: 'Ann' }));
    await say(phone, 'from the phone');
    const laptop = await identified((await chat.visitor()).token, identity(id));
    expect(await texts(laptop)).toEqual(['from the phone']);
    await say(laptop, 'from the laptop');
    expect(await texts(phone)).toEqual(['from the phone', 'from the laptop']);
    const rows = await contacts(`user:${id}`);
    expect(rows).toMatchObject([{ name: 'Ann', customer_id: null }]);
  });

  it('and what they had just written goes on as theirs; the session before is over', async () => {
    const anonymous = await chat.visitor();
    await say(anonymous, 'before signing in');
    const ann = await identified(anonymous.token, identity(person()));
    expect(await texts(ann)).toEqual(['before signing in']);
    expect((await chat.post(anonymous.token, newMessage('with the old session'))).status).toBe(401);
    await say(ann, 'after');
    expect(await texts(ann)).toEqual(['before signing in', 'after']);
    const { items } = await chat.thread(ann);
    expect(new Set(items.map(({ conversationId }) => conversationId)).size).toBe(1);
  });

  it('also where it was accepted and isn’t stored yet, in order', async () => {
    const anonymous = await chat.visitor();
    expect((await chat.post(anonymous.token, newMessage('one'))).status).toBe(202);
    expect((await chat.post(anonymous.token, newMessage('two'))).status).toBe(202);
    const ann = await identified(anonymous.token, identity(person()));
    await say(ann, 'three');
    expect(await texts(ann)).toEqual(['one', 'two', 'three']);
  });

  it('a message sent on both sides of it arrives once', async () => {
    const anonymous = await chat.visitor();
    const message = newMessage('did that get through?');
    await chat.post(anonymous.token, message);
    const ann = await identified(anonymous.token, identity(person()));
    expect(await (await chat.post(ann.token, message)).json()).toMatchObject({ duplicate: true });
    await chat.ingest();
    expect(await texts(ann)).toEqual(['did that get through?']);
    // The browser knows its own message again, to forget that it owes it.
    expect(JSON.stringify(await chat.thread(ann))).toContain(message.clientMessageId);
  });

  it('beside a conversation the person has open: both stay, and both are theirs', async () => {
    const id = person();
    const phone = await identified((await chat.visitor()).token, identity(id));
    await say(phone, 'on the phone');
    const anonymous = await chat.visitor();
    await say(anonymous, 'on the laptop');
    const laptop = await identified(anonymous.token, identity(id));
    expect(await texts(laptop)).toEqual(['on the phone', 'on the laptop']);
    await say(laptop, 'and on');
    expect(new Set(await texts(laptop))).toEqual(new Set(['and on', 'on the laptop', 'on the phone']));
  });

  it('leaves what is older than a day with the browser', async () => {
    const anonymous = await chat.visitor();
    await say(anonymous, 'last week');
    await api.deps.engineDb
      .updateTable('conversations')
      .set({ last_message_at: new Date(Date.now() - 7 * 86_400_000) })
      .where('contact_id', '=', (await contacts(anonymous.visitorId))[0]?.id ?? '')
      .execute();
    const ann = await identified(anonymous.token, identity(person()));
    expect(await texts(ann)).toEqual([]);
  });
});

describe('nobody gets in', () => {
  it('by claiming to be somebody', async () => {
    const id = person();
    const ann = await identified((await chat.visitor()).token, identity(id));
    await say(ann, 'secret of Ann');
    const thief = await chat.visitor();
    const wrong = [
      { externalId: id, hash: '' },
      { externalId: id, hash: sign('somebody else') },
      { externalId: id, hash: sign(id, 'guessed') },
      { externalId: `${id} `, hash: sign(id) },
      // exp is part of what is signed: neither added, nor taken away, nor moved.
      { externalId: id, hash: sign(id), exp: soon() },
      { externalId: id, hash: sign(signed(id, soon())), exp: soon() + 60 },
      { externalId: `${id}.${soon()}`, hash: sign(id) },
      // Who may choose their own id can't choose one that reads as somebody else's with an exp.
      { externalId: id, hash: sign(`${id}.${soon()}`), exp: soon() },
      { externalId: id, hash: sign(`${id}${soon()}`), exp: soon() },
    ];
    for (const body of wrong)
      expect(await refusal(thief.token, body), JSON.stringify(body)).toBe('403 identity_wrong');
    expect(api.logLines.join('')).toContain('proof of identity was refused');
    expect(api.logLines.join('')).not.toContain(secret);
    // The thief goes on as before, with nothing.
    expect((await chat.post(thief.token, newMessage('still me'))).status).toBe(202);
    expect(await texts(thief)).toEqual([]);
  });

  it('with a proof that is over; one that isn’t ends the session with it', async () => {
    const id = person();
    const past = Math.floor(Date.now() / 1000) - 5;
    const { token } = await chat.visitor();
    expect(await refusal(token, { externalId: id, exp: past, hash: sign(signed(id, past)) })).toBe(
      '403 identity_expired',
    );
    const exp = soon();
    const ann = await identified(token, { externalId: id, exp, hash: sign(signed(id, exp)) });
    expect(new Date(ann.expiresAt).getTime()).toBe(exp * 1000);
    const renewed = await api.request(`/live-chat/${chat.inboxId}/session`, {
      as: 'nobody',
      method: 'POST',
      headers: { authorization: `Bearer ${ann.token}` },
    });
    expect(((await renewed.json()) as { expiresAt: string }).expiresAt).toBe(ann.expiresAt);
  });

  it('with another inbox’s secret, or before there is one', async () => {
    const stranger = await chat.visitor(chat.otherInboxId);
    const body = identity('x');
    const response = await chat.ask(stranger.token, 'identify', body, chat.otherInboxId);
    expect(response.status).toBe(403);
    expect(JSON.stringify(await response.json())).toContain('identity_not_set_up');
  });

  it('by the email, phone or name somebody gives: no contact or customer is theirs', async () => {
    const email = `${crypto.randomUUID()}@shop.example`;
    const customer = await api.request('/api/customers', { body: { name: 'Ann', email } });
    expect(customer.status).toBe(201);
    const ann = await identified((await chat.visitor()).token, identity(person(), { email, name: 'Ann' }));
    await say(ann, 'secret of Ann');
    await chat.set({
      preChat: { enabled: true, fields: [{ key: 'email', kind: 'email', required: true, label: 'Email' }] },
    });
    const claims = await chat.visitor();
    expect((await chat.ask(claims.token, 'pre-chat', { answers: { email } })).status).toBe(200);
    await say(claims, 'I say I am Ann');
    await chat.set({ preChat: { enabled: false } });
    expect(await texts(claims)).toEqual(['I say I am Ann']);
    const rows = await api.deps.engineDb
      .selectFrom('contacts')
      .selectAll()
      .where('email', '=', email)
      .execute();
    expect(rows).toHaveLength(2);
    expect(rows.map((row) => row.customer_id)).toEqual([null, null]);
  });

  it('by having sat there before: a session kept from then speaks for nobody', async () => {
    const fixed = await chat.visitor();
    await say(fixed, 'planted');
    const ann = await identified(fixed.token, identity(person()));
    await say(ann, 'secret of Ann');
    for (const what of ['messages', 'typing', 'receipts', 'pre-chat'])
      expect((await chat.ask(fixed.token, what, {})).status, what).toBe(401);
    expect((await chat.stream(fixed.token)).status).toBe(401);
    // Nor can it become somebody: it begins a new visitor.
    const other = await identified(fixed.token, identity(person()));
    expect(await texts(other)).toEqual([]);
    expect(other.visitorId).not.toBe(fixed.visitorId);
  });

  it('by planting an address: the person’s mail stays the person’s', async () => {
    await chat.set({
      preChat: {
        enabled: true,
        fields: [
          { key: 'email', kind: 'email', label: 'Email' },
          { key: 'order', kind: 'text', label: 'Order' },
        ],
      },
    });
    const fixed = await chat.visitor();
    await chat.ask(fixed.token, 'pre-chat', { answers: { email: 'thief@evil.example', order: '4711' } });
    await say(fixed, 'planted');
    await chat.set({ preChat: { enabled: false } });
    const id = person();
    await identified(fixed.token, identity(id));
    expect(await contacts(`user:${id}`)).toMatchObject([{ email: null, fields: { order: '4711' } }]);
  });

  it('by signing in after somebody: the next person sees nothing of the one before', async () => {
    const ann = await identified((await chat.visitor()).token, identity(person()));
    await say(ann, 'secret of Ann');
    const bob = await identified(ann.token, identity(person()));
    expect(await texts(bob)).toEqual([]);
    expect(bob.visitorId).not.toBe(ann.visitorId);
    expect((await chat.post(ann.token, newMessage('as Ann'))).status).toBe(401);
  });

  it('after signing out', async () => {
    const id = person();
    const ann = await identified((await chat.visitor()).token, identity(id));
    await say(ann, 'secret of Ann');
    expect((await chat.ask(ann.token, 'logout', {})).status).toBe(204);
    expect((await chat.ask(ann.token, 'logout', {})).status).toBe(204);
    expect((await chat.post(ann.token, newMessage('x'))).status).toBe(401);
    const renewed = (await (
      await api.request(`/live-chat/${chat.inboxId}/session`, {
        as: 'nobody',
        method: 'POST',
        headers: { authorization: `Bearer ${ann.token}` },
      })
    ).json()) as Visitor & { renewed: boolean };
    expect(renewed.renewed).toBe(false);
    expect(await texts(renewed)).toEqual([]);
    // Her other devices, and her next visit, are hers.
    expect(await texts(await identified(renewed.token, identity(id)))).toEqual(['secret of Ann']);
  });

  it('without being vouched for, where the inbox says so', async () => {
    const before = await chat.visitor();
    await chat.set({ identity: { required: true } });
    expect((await chat.post(before.token, newMessage('x'))).status).toBe(403);
    const session = await api.request(`/live-chat/${chat.inboxId}/session`, { as: 'nobody', method: 'POST' });
    expect(session.status).toBe(403);
    const ann = await identified('', identity(person()));
    await say(ann, 'vouched for');
    expect(await texts(ann)).toEqual(['vouched for']);
  });
});

describe('the secret', () => {
  it('is shown once, replaced while the old one works, and gone when it is deleted', async () => {
    const old = secret;
    const { id, secret: fresh } = await makeSecret();
    const { token } = await chat.visitor();
    for (const key of [old, fresh]) await identified(token, { externalId: 'ann', hash: sign('ann', key) });
    await makeSecret();
    expect(await refusal(token, { externalId: 'ann', hash: sign('ann', old) })).toBe('403 identity_wrong');
    const list = await api.request(`/api/inboxes/${chat.inboxId}/identity-secrets`);
    const text = await list.text();
    expect((JSON.parse(text) as { items: unknown[] }).items).toHaveLength(2);
    expect(text).not.toContain(fresh);
    const gone = await api.request(`/api/inboxes/${chat.inboxId}/identity-secrets/${id}`, {
      method: 'DELETE',
    });
    expect(gone.status).toBe(200);
    expect(await refusal(token, { externalId: 'ann', hash: sign('ann', fresh) })).toBe('403 identity_wrong');
  });

  it('is of its workspace', async () => {
    const path = `/api/inboxes/${chat.inboxId}/identity-secrets`;
    for (const method of ['GET', 'POST'])
      expect((await api.request(path, { method, key: api.other.keys.admin })).status).toBe(404);
  });
});

it('who tries many wrong proofs is slowed down', async () => {
  const { token } = await chat.visitor();
  const statuses: number[] = [];
  for (let n = 0; n < 25; n++)
    statuses.push((await chat.ask(token, 'identify', { externalId: 'ann', hash: sign(`${n}`, 'x') })).status);
  expect(statuses).toContain(429);
});

const soon = (): number => Math.floor(Date.now() / 60_000) * 60 + 600;
const contacts = (externalId: string) =>
  api.deps.engineDb.selectFrom('contacts').selectAll().where('external_id', '=', externalId).execute();
