/** What becomes of each kind of webhook. The snapshot shows all of them; the tests name what must not change. */
import { describe, expect, test } from 'vitest';
import type { ChannelEvent } from '#channels/contract.ts';
import { parseWhatsapp } from '#channels/whatsapp/parse.ts';
import { jsonBytes, samplesOf } from '../contract-case.ts';

const samples = samplesOf('whatsapp');
const ours = { displayPhoneNumber: '+1 555-078-3881' };

function eventsOf(bytes: Uint8Array | undefined, credentials = ours): ChannelEvent[] {
  const result = parseWhatsapp(bytes ?? new Uint8Array(), credentials);
  if (!Array.isArray(result)) throw new Error(result.message);
  return result;
}
const sample = (name: string): ChannelEvent[] => eventsOf(samples[`${name}.json`]);
function one(name: string): ChannelEvent {
  const [event, ...others] = sample(name);
  if (!event || others.length > 0) throw new Error(`${name}: ${others.length + 1} events`);
  return event;
}
const change = (field: string, value: object, time?: number): object => ({
  object: 'whatsapp_business_account',
  entry: [{ id: '1', ...(time === undefined ? {} : { time }), changes: [{ field, value }] }],
});

test('every sample, as events', () => {
  const all = Object.keys(samples).map((name) => [name, eventsOf(samples[name])]);
  expect(all.length).toBeGreaterThan(50);
  expect(Object.fromEntries(all)).toMatchSnapshot();
});

describe('who it is', () => {
  test('the business-scoped id, with the number as alias and attribute', () => {
    expect(one('text')).toMatchObject({
      contact: {
        externalId: 'US.13491208655302741918',
        phone: '+16505551234',
        aliases: ['16505551234'],
        name: 'Sheena Nelson',
      },
      replyAddress: { to: '16505551234', recipient: 'US.13491208655302741918' },
    });
  });

  test('without a number: by id alone, and answered there', () => {
    const event = one('text-without-phone');
    expect(event).toMatchObject({
      contact: { externalId: 'ES.98213049182730', aliases: ['ES.ENT.506847293015824'], name: 'Pablo' },
      replyAddress: { recipient: 'ES.98213049182730' },
    });
    expect(event).not.toHaveProperty('contact.phone');
    expect(event).not.toHaveProperty('replyAddress.to');
  });

  test('without an id: by number', () => {
    expect(one('text-without-bsuid')).toMatchObject({
      contact: { externalId: '4915112345678', phone: '+4915112345678' },
      replyAddress: { to: '4915112345678' },
    });
  });

  test('each message of a batch gets its own writer’s name', () => {
    const value = {
      contacts: [
        { profile: { name: 'Ann' }, wa_id: '491', user_id: 'DE.1' },
        { profile: { name: 'Ben' }, user_id: 'DE.2' },
      ],
      messages: [
        { from_user_id: 'DE.2', id: 'wamid.b', timestamp: '1790000000', type: 'text', text: { body: 'b' } },
        { from: '491', id: 'wamid.a', timestamp: '1790000000', type: 'text', text: { body: 'a' } },
        { from: '777', id: 'wamid.c', timestamp: '1790000000', type: 'text', text: { body: 'c' } },
      ],
    };
    const contacts = eventsOf(jsonBytes(change('messages', value))).map((event) =>
      'contact' in event ? event.contact : null,
    );
    expect(contacts).toEqual([
      { externalId: 'DE.2', name: 'Ben' },
      { externalId: 'DE.1', name: 'Ann', phone: '+491', aliases: ['491'] },
      { externalId: '777', phone: '+777' },
    ]);
  });

  test.each([
    ['system-number-changed', 'US.24817305912873645029', ['12195555358', '16505551234']],
    ['system-user-id-changed', 'ES.77213049182731', ['ES.98213049182730']],
    ['user-id-update', 'US.24817305912873645029', ['12195555358', 'US.13491208655302741918']],
  ])('%s: the new id, and what it was known by', (name, externalId, aliases) => {
    expect(one(name)).toMatchObject({ kind: 'contact', change: 'updated', contact: { externalId, aliases } });
  });
});

test('in a group every member’s status is its own', () => {
  const status = { id: 'wamid.a', status: 'read', timestamp: '1790000000', recipient_id: 'group' };
  const statuses = ['US.1', 'US.2'].map((recipient_participant_id) => ({
    ...status,
    recipient_participant_id,
  }));
  const ids = eventsOf(jsonBytes(change('messages', { statuses }))).map(({ eventId }) => eventId);
  expect(new Set(ids).size).toBe(2);
});

test('a body’s only contact is nobody else', () => {
  const contacts = [{ profile: { name: 'Ann' }, wa_id: '491', user_id: 'DE.1' }];
  const messages = [
    { from: '777', id: 'wamid.c', timestamp: '1790000000', type: 'text', text: { body: 'c' } },
  ];
  expect(eventsOf(jsonBytes(change('messages', { contacts, messages })))).toMatchObject([
    { contact: { externalId: '777', phone: '+777' }, replyAddress: { to: '777' } },
  ]);
});

test('an edit or a deletion is another event than the message, though it came by its id', () => {
  const of = (type: string, content: object): object => ({
    from: '491',
    id: 'wamid.a',
    timestamp: '1790000000',
    type,
    [type]: content,
  });
  const messages = [
    of('text', { body: 'a' }),
    of('edit', { original_message_id: 'wamid.a', message: { type: 'text', text: { body: 'b' } } }),
    of('revoke', { original_message_id: 'wamid.a' }),
  ];
  const events = eventsOf(jsonBytes(change('messages', { messages })));
  expect(events.map(({ kind }) => kind)).toEqual(['message', 'edit', 'delete']);
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(3);
});

describe('what was said', () => {
  test('an album is a message for each photo', () => {
    const events = sample('album');
    expect(events.map(({ kind }) => kind)).toEqual(Array(5).fill('message'));
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(5);
  });

  test.each([
    ['button-reply', { id: 'change-button', label: 'Change' }],
    ['list-reply', { id: 'priority_express', label: 'Priority Mail Express' }],
    ['template-button', { id: 'Unsubscribe', label: 'Unsubscribe' }],
  ])('%s is a choice, and says which message offered it', (name, choice) => {
    expect(one(name)).toMatchObject({
      parts: [{ kind: 'choice_reply', ...choice }],
      inReplyTo: expect.stringMatching(/^wamid\./),
    });
  });

  test('forwarding quotes nothing', () => {
    expect(one('text-forwarded')).not.toHaveProperty('inReplyTo');
  });

  test('a reaction, and its being taken back', () => {
    expect(one('reaction')).toMatchObject({ kind: 'reaction', emoji: '👍' });
    expect(one('reaction-removed')).toMatchObject({ kind: 'reaction', emoji: '' });
  });

  test('a deletion and an edit name the message they change', () => {
    expect(one('revoke')).toMatchObject({
      kind: 'delete',
      providerMessageId: expect.stringMatching(/MDRB$/),
    });
    expect(one('edit-text')).toMatchObject({
      kind: 'edit',
      providerMessageId: expect.stringMatching(/MDRB$/),
      parts: [{ kind: 'text', text: 'In green, I mean' }],
    });
  });

  test.each([
    ['unsupported', 'unsupported: poll'],
    ['call-permission-reply', 'interactive: call_permission_reply'],
  ])('%s is kept as a placeholder', (name, what) => {
    expect(one(name)).toMatchObject({ kind: 'message', parts: [{ kind: 'unsupported', what }] });
  });

  test('a type that is new to us, and a known one of another shape, stay messages', () => {
    const messages = ['hologram', 'image', 'location', 'reaction', 'edit', 'interactive'].map(
      (type, index) => ({
        from: '491',
        id: `wamid.${index}`,
        type,
        [type]: { strange: true },
      }),
    );
    const events = eventsOf(jsonBytes(change('messages', { messages })));
    expect(events.map((event) => (event.kind === 'message' ? event.parts : event.kind))).toEqual(
      messages.map(({ type }) => [{ kind: 'unsupported', what: type }]),
    );
  });
});

describe('what became of ours', () => {
  test('a status names no contact and brings our key back', () => {
    expect(one('status-sent')).toMatchObject({
      kind: 'status',
      status: 'sent',
      key: '0199a1b2-0000-7000-8000-0000000000aa',
    });
    expect(sample('status-delivered-read').map((event) => 'status' in event && event.status)).toEqual([
      'delivered',
      'read',
    ]);
    expect(one('status-played')).toMatchObject({ status: 'read' });
  });

  test('a failure says why, in our kind and Meta’s words', () => {
    expect(one('status-failed')).toMatchObject({
      status: 'failed',
      error: {
        kind: 'window_closed',
        providerCode: '131047',
        message: expect.stringContaining('more than 24 hours have passed'),
      },
    });
  });

  test('what was written in the app is an echo, never a customer’s message', () => {
    expect(one('echo-text')).toMatchObject({
      kind: 'echo',
      contact: { externalId: 'US.13491208655302741918' },
      parts: [{ kind: 'text', text: 'I answer from my phone' }],
    });
    expect(one('echo-revoke')).toMatchObject({ kind: 'delete' });
  });
});

describe('the account', () => {
  test.each([
    ['account-restricted', { outbound: { state: 'failing' } }],
    ['account-disabled', { outbound: { state: 'failing' } }],
    ['account-removed', { inbound: { state: 'failing' }, outbound: { state: 'failing' } }],
    ['account-review', { outbound: { state: 'degraded' } }],
    ['number-quality', { outbound: { state: 'degraded' } }],
    ['number-name', { outbound: { state: 'degraded' } }],
  ])('%s changes its health', (name, health) => {
    expect(one(name)).toMatchObject({ kind: 'account', ...health });
  });

  test('a template’s fate is told, and changes no health', () => {
    const event = one('template-status');
    expect(event).toMatchObject({ kind: 'account', facts: { event: 'REJECTED', reason: 'INVALID_FORMAT' } });
    expect(event).not.toHaveProperty('outbound');
  });

  test('history and address book are counted, not taken for news', () => {
    expect(one('history')).toMatchObject({
      kind: 'account',
      facts: { threads: 1, messages: 2, progress: 55 },
    });
    expect(one('app-state')).toMatchObject({ kind: 'account', facts: { entries: 1, added: 1 } });
  });

  test('of another number of the same account: nothing; of a field unknown to us: its name', () => {
    const flagged = (shown: string): object =>
      change('phone_number_quality_update', { display_phone_number: shown, event: 'FLAGGED' }, 1_790_000_000);
    expect(eventsOf(jsonBytes(flagged('15550000000')))).toEqual([]);
    expect(eventsOf(jsonBytes(flagged('15550783881')))).toHaveLength(1);
    expect(eventsOf(jsonBytes(change('from_the_future', { secret: 'x' })))).toMatchObject([
      { kind: 'account', change: 'from_the_future', facts: {} },
    ]);
  });

  test('the same news of another day is another event; twice in one body is two', () => {
    const at = (time: number): string[] =>
      eventsOf(jsonBytes(change('account_review_update', { decision: 'APPROVED' }, time))).map(
        ({ eventId }) => eventId,
      );
    expect(at(1_790_000_000)).not.toEqual(at(1_790_086_400));
    const twice = change('messages', { errors: [{ code: 1 }, { code: 1 }] });
    expect(new Set(eventsOf(jsonBytes(twice)).map(({ eventId }) => eventId)).size).toBe(2);
  });

  test('ids beyond 2^53 stay exact', () => {
    const text = JSON.stringify(
      change('message_template_status_update', { event: 'APPROVED', message_template_id: 'BIG' }),
    ).replace('"BIG"', '12778077987957091234');
    expect(eventsOf(new TextEncoder().encode(text))).toMatchObject([
      { facts: { message_template_id: '12778077987957091234' } },
    ]);
  });
});

test('another provider object is no webhook of WhatsApp’s', () => {
  expect(parseWhatsapp(jsonBytes({ object: 'page', entry: [] }), ours)).toMatchObject({ kind: 'malformed' });
});
