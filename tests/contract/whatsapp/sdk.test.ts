/**
 * Against whatsapp-api-js, so that the adapter and its tests don't share one mistake: what its types call a webhook is read whole, and
 * what its classes build for Meta is what we send.
 */
import { describe, expect, test } from 'vitest';
import {
  ActionButtons,
  ActionList,
  Body,
  BodyComponent,
  BodyParameter,
  Button,
  Contacts,
  Email,
  Interactive,
  Language,
  ListSection,
  Location,
  Name,
  Phone,
  Row,
  Template,
  Text,
} from 'whatsapp-api-js/messages';
import type {
  PostData,
  ServerMessage,
  ServerSentMessageResponse,
  ServerStatusPayload,
  ServerSystemMessage,
} from 'whatsapp-api-js/types';
import type { Json } from '#domain/json.ts';
import type { Part } from '#domain/message.ts';
import type { ChannelEvent } from '#channels/contract.ts';
import { accepted } from '#channels/whatsapp/answers.ts';
import { parseWhatsapp } from '#channels/whatsapp/parse.ts';
import { payloadOf } from '#channels/whatsapp/render.ts';
import { jsonBytes } from '../contract-case.ts';

const frame = { from: '16505551234', from_user_id: 'US.1', timestamp: '1790000000' } as const;
const asset = { mime_type: 'image/jpeg', sha256: 'x', id: '77', url: 'https://lookaside.fbsbx.com/x' };
const posted = (value: { messages: [ServerMessage] } | { statuses: [ServerStatusPayload] }): PostData => ({
  object: 'whatsapp_business_account',
  entry: [
    {
      id: '1',
      changes: [
        {
          field: 'messages',
          value: {
            messaging_product: 'whatsapp',
            metadata: { display_phone_number: '15550783881', phone_number_id: '2' },
            contacts: [{ profile: { name: 'Ann' }, wa_id: '16505551234', user_id: 'US.1' }],
            ...value,
          },
        },
      ],
    },
  ],
});
const read = (body: PostData): ChannelEvent[] => {
  const events = parseWhatsapp(jsonBytes(body), {});
  if (!Array.isArray(events)) throw new Error(events.message);
  return events;
};

describe('webhooks as its types have them', () => {
  const messages = {
    text: { ...frame, id: 'wamid.1', type: 'text', text: { body: 'hi' } },
    image: {
      ...frame,
      id: 'wamid.2',
      type: 'image',
      image: { ...asset, static_url: 'https://x', caption: 'c' },
    },
    audio: {
      ...frame,
      id: 'wamid.3',
      type: 'audio',
      audio: { ...asset, voice: true, mime_type: 'audio/ogg' },
    },
    video: { ...frame, id: 'wamid.4', type: 'video', video: { ...asset, mime_type: 'video/mp4' } },
    document: { ...frame, id: 'wamid.5', type: 'document', document: { ...asset, filename: 'a.pdf' } },
    sticker: {
      ...frame,
      id: 'wamid.6',
      type: 'sticker',
      sticker: { ...asset, animated: false, mime_type: 'image/webp' },
    },
    location: { ...frame, id: 'wamid.7', type: 'location', location: { latitude: '1.5', longitude: '-2.5' } },
    contacts: { ...frame, id: 'wamid.8', type: 'contacts', contacts: [{ name: { formatted_name: 'Ben' } }] },
    button: { ...frame, id: 'wamid.9', type: 'button', button: { text: 'Stop', payload: 'stop' } },
    interactive: {
      ...frame,
      id: 'wamid.10',
      type: 'interactive',
      interactive: { type: 'list_reply', list_reply: { id: 'a', title: 'A' } },
    },
    order: {
      ...frame,
      id: 'wamid.11',
      type: 'order',
      order: {
        catalog_id: '1',
        product_items: [{ product_retailer_id: 'sku', quantity: 2, item_price: 3, currency: 'EUR' }],
      },
    },
  } satisfies Record<string, ServerMessage>;
  const parts: Record<keyof typeof messages, object> = {
    text: { kind: 'text', text: 'hi' },
    image: { kind: 'image', source: { mediaId: '77' }, caption: 'c' },
    audio: { kind: 'audio', mimeType: 'audio/ogg' },
    video: { kind: 'video', mimeType: 'video/mp4' },
    document: { kind: 'file', name: 'a.pdf' },
    sticker: { kind: 'image', mimeType: 'image/webp' },
    location: { kind: 'location', lat: 1.5, lon: -2.5 },
    contacts: { kind: 'contact_card', name: 'Ben' },
    button: { kind: 'choice_reply', id: 'stop', label: 'Stop' },
    interactive: { kind: 'choice_reply', id: 'a', label: 'A' },
    order: { kind: 'text', text: '2 × sku (3 EUR)' },
  };
  test.each(Object.entries(messages))('%s', (type, message) => {
    expect(read(posted({ messages: [message] }))).toMatchObject([
      {
        kind: 'message',
        providerMessageId: message.id,
        contact: { externalId: 'US.1', name: 'Ann', phone: '+16505551234' },
        parts: [parts[type as keyof typeof messages]],
      },
    ]);
  });

  test('a reaction, a change of number, a status', () => {
    const reaction = {
      ...frame,
      id: 'wamid.12',
      type: 'reaction',
      reaction: { message_id: 'wamid.1', emoji: '👍' },
    } satisfies ServerMessage;
    const system = {
      type: 'system',
      system: { body: 'changed', user_id: 'US.2', previous_user_id: 'US.1', type: 'user_changed_user_id' },
    } satisfies ServerSystemMessage;
    const status = {
      id: 'wamid.13',
      status: 'failed',
      timestamp: '1790000000',
      recipient_user_id: 'US.1',
      biz_opaque_callback_data: 'key',
      conversation: undefined,
      pricing: undefined,
      errors: [{ code: 131_026, title: 'T', message: 'M', error_data: { details: 'D' } }],
    } satisfies ServerStatusPayload;
    expect([
      ...read(posted({ messages: [reaction] })),
      ...read(posted({ messages: [{ ...frame, id: 'wamid.14', ...system }] })),
      ...read(posted({ statuses: [status] })),
    ]).toMatchObject([
      { kind: 'reaction', providerMessageId: 'wamid.1', emoji: '👍' },
      { kind: 'contact', contact: { externalId: 'US.2', aliases: expect.arrayContaining(['US.1']) } },
      { kind: 'status', key: 'key', error: { kind: 'contact_unreachable' } },
    ]);
  });

  test('the answer to a send', () => {
    const answer = {
      messaging_product: 'whatsapp',
      contacts: [{ input: 'US.1', user_id: 'US.1' }],
      messages: [{ id: 'wamid.1', message_status: 'held_for_quality_assessment' }],
    } satisfies ServerSentMessageResponse;
    expect(accepted.parse(answer).messages[0].id).toBe('wamid.1');
  });
});

describe('messages as its classes build them', () => {
  const built = (message: object): Json => JSON.parse(JSON.stringify(message)) as Json;
  const ours = (part: Part): Json => {
    const { content } = payloadOf(part, { listButton: 'Choose', templateLanguage: 'en_US' });
    return content['list'] ?? content;
  };
  const options = (...ids: string[]) => ids.map((id) => ({ id, label: id.toUpperCase() }));

  test('text', () => {
    expect(ours({ kind: 'text', text: 'see https://x.example' })).toEqual(
      built(new Text('see https://x.example', true)),
    );
  });

  test('buttons', () => {
    const theirs = new Interactive(
      new ActionButtons(new Button('a', 'A'), new Button('b', 'B')),
      new Body('Which?'),
    );
    expect(ours({ kind: 'choices', text: 'Which?', options: options('a', 'b') })).toEqual(built(theirs));
  });

  test('a list', () => {
    const rows = ['a', 'b', 'c', 'd'].map((id) => new Row(id, id.toUpperCase())) as [Row, ...Row[]];
    const theirs = new Interactive(
      new ActionList('Choose', new ListSection(undefined, ...rows)),
      new Body('Which?'),
    );
    expect(ours({ kind: 'choices', text: 'Which?', options: options('a', 'b', 'c', 'd') })).toEqual(
      built(theirs),
    );
  });

  test('location', () => {
    expect(ours({ kind: 'location', lat: 1.5, lon: 2.5, name: 'Here' })).toEqual(
      built(new Location(2.5, 1.5, 'Here')),
    );
  });

  test('a contact card', () => {
    const theirs = new Contacts([
      new Name('Ann', 'Ann'),
      new Phone('+491', 'CELL'),
      new Email('a@x.example', 'WORK'),
    ]);
    // Its class writes the list as a text of JSON.
    const [card] = JSON.parse(built(theirs) as string) as Json[];
    const [mine] = ours({
      kind: 'contact_card',
      name: 'Ann',
      phones: ['+491'],
      emails: ['a@x.example'],
    }) as Json[];
    expect(mine).toEqual(card);
  });

  test('a template', () => {
    const theirs = new Template(
      'order',
      new Language('en_US'),
      new BodyComponent(new BodyParameter('Ann'), new BodyParameter('7')),
    );
    expect(ours({ kind: 'template', name: 'order', params: ['Ann', '7'] })).toMatchObject(
      built({ name: theirs.name, components: theirs.components }) as object,
    );
  });
});
