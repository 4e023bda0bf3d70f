/** What each of Messenger's bodies becomes. The snapshot is read by people; the tests below say what must not change. */
import { describe, expect, test } from 'vitest';
import type { ChannelEvent } from '#channels/contract.ts';
import { parseMessenger } from '#channels/messenger/parse.ts';
import { samplesOf } from '../contract-case.ts';
import { bytes, metaApp, pageId } from '../meta/case-inbox.ts';

const account = { pageId, appId: metaApp.id };
const person = '7421058834561923';
function parsed(body: Uint8Array): ChannelEvent[] {
  const events = parseMessenger(body, account);
  if (!Array.isArray(events)) throw new Error(events.message);
  return events;
}
const samples = samplesOf('messenger');
const sample = (name: string): ChannelEvent[] => parsed(samples[`${name}.json`] ?? bytes(null));
const item = (content: object): ChannelEvent[] =>
  parsed(
    bytes({
      object: 'page',
      entry: [
        {
          id: pageId,
          messaging: [
            {
              sender: { id: person },
              recipient: { id: pageId },
              timestamp: 5_000_000_000_000 - 1e12,
              ...content,
            },
          ],
        },
      ],
    }),
  );

test.each(Object.keys(samples))('%s', (name) => {
  expect(parsed(samples[name] ?? bytes(null))).toMatchSnapshot();
});

test('only what nobody said or did to us becomes nothing', () => {
  const silent = Object.keys(samples).filter((name) => parsed(samples[name] ?? bytes(null)).length === 0);
  expect(silent).toEqual(['echo-of-a-private-reply.json']);
});

describe('messages', () => {
  test('identity is the page-scoped id, and the reply goes to it', () => {
    expect(sample('text')).toMatchObject([
      {
        kind: 'message',
        threadKey: '',
        contact: { externalId: person },
        replyAddress: { contactId: person },
      },
    ]);
  });

  test('old and new stickers are one kind', () => {
    const [old, recent] = [sample('sticker-old'), sample('sticker-new')];
    for (const events of [old, recent])
      expect(events).toMatchObject([{ kind: 'message', parts: [{ kind: 'image', mimeType: 'image/png' }] }]);
  });

  test('one message of two pictures stays one message', () => {
    expect(sample('images-in-one-message')).toMatchObject([
      { parts: [{ kind: 'image' }, { kind: 'image', mimeType: 'image/png' }] },
    ]);
  });

  test('a picked quick reply and a pressed button name their option', () => {
    expect(sample('quick-reply')).toMatchObject([
      { parts: [{ kind: 'choice_reply', id: 'colour-green', label: 'Green' }] },
    ]);
    expect(sample('postback')).toMatchObject([
      { parts: [{ kind: 'choice_reply', id: 'track-order', label: 'Track my order' }] },
    ]);
  });

  test('a preview of the link in the text adds nothing', () => {
    expect(sample('link-preview')).toMatchObject([
      { parts: [{ kind: 'text', text: 'https://shop.example/dress-42' }] },
    ]);
    expect(sample('link-preview')[0]).toHaveProperty('parts.length', 1);
  });

  test('a file keeps its sender’s name', () => {
    expect(sample('file')).toMatchObject([
      { parts: [{ kind: 'file', name: 'Rechnung 2026.pdf', mimeType: 'application/pdf' }] },
    ]);
  });

  test('ids beyond 2^53 written as numbers stay whole', () => {
    const body = `{"object":"page","entry":[{"id":${pageId},"messaging":[{"sender":{"id":9007199254740993123},"recipient":{"id":${pageId}},"timestamp":1763841600000,"message":{"mid":"m_1","text":"x"}}]}]}`;
    expect(parsed(new TextEncoder().encode(body))).toMatchObject([
      { contact: { externalId: '9007199254740993123' } },
    ]);
  });

  test('comments in a group are not direct messages', () => {
    expect(
      item({ from: { id: '1' }, comment_id: '2', post_id: '3', field: 'group_feed', message: 'x' }),
    ).toEqual([]);
  });
});

describe('echoes', () => {
  test('ours carry the key of the send, others’ never do', () => {
    expect(sample('echo-of-ours')).toMatchObject([
      { kind: 'echo', contact: { externalId: person }, key: '0199a1b2-7777-7000-8000-0000000000aa' },
    ]);
    const [echo] = sample('echo-of-the-pages-inbox');
    expect(echo).toMatchObject({ kind: 'echo', parts: [{ kind: 'text' }] });
    expect(echo).not.toHaveProperty('key');
    const message = { mid: 'm_1', is_echo: true, app_id: 1, metadata: 'theirs', text: 'x' };
    const [theirs] = item({ sender: { id: pageId }, recipient: { id: person }, message });
    expect(theirs).toMatchObject({ kind: 'echo' });
    expect(theirs).not.toHaveProperty('key');
  });

  test('what another app hangs on its messages never hides them', () => {
    const message = { mid: 'm_1', is_echo: true, app_id: 1, metadata: 'comment:their own', text: 'x' };
    const [theirs] = item({ sender: { id: pageId }, recipient: { id: person }, message });
    expect(theirs).toMatchObject({ kind: 'echo', providerMessageId: 'm_1' });
  });

  test('what our buttons said can be read', () => {
    expect(sample('echo-with-buttons')).toMatchObject([
      { parts: [{ kind: 'text', text: 'Which one?\n[Red]\n[Green]' }] },
    ]);
  });
});

describe('statuses', () => {
  test('named messages get a status each, unnamed ones a watermark', () => {
    expect(sample('delivery-with-ids').map((event) => event.kind)).toEqual(['status', 'status']);
    expect(sample('delivery-by-watermark')).toMatchObject([{ kind: 'watermark', status: 'delivered' }]);
    expect(sample('read')).toMatchObject([
      { kind: 'watermark', status: 'read', contact: { externalId: person } },
    ]);
  });

  test('a reaction taken back is an empty one with an id of its own', () => {
    const [given, taken] = [...sample('reaction'), ...sample('reaction-taken-back')];
    expect([given, taken]).toMatchObject([{ emoji: '❤️' }, { emoji: '' }]);
    expect(given?.eventId).not.toBe(taken?.eventId);
  });

  test('what the page itself has read or reacted to is nothing of the contact’s', () => {
    const ours = { sender: { id: pageId }, recipient: { id: person } };
    expect(item({ ...ours, read: { watermark: 1_763_841_650_130 } })).toEqual([]);
    expect(item({ ...ours, delivery: { watermark: 1_763_841_650_130 } })).toEqual([]);
    expect(item({ ...ours, reaction: { mid: 'm_1', action: 'react', emoji: '❤' } })).toEqual([]);
  });

  test('a thing told twice in one delivery is one event', () => {
    const one = { sender: { id: person }, recipient: { id: pageId }, message: { mid: 'm_1', text: 'x' } };
    const twice = { object: 'page', entry: [{ id: pageId, messaging: [one, one] }] };
    expect(parsed(bytes(twice)).map(({ eventId }) => eventId)).toEqual(['m_1']);
  });

  test('every edit of one message is its own event', () => {
    const ids = [1, 2].map(
      (count) => item({ message_edit: { mid: 'm_1', text: 'x', num_edit: count } })[0]?.eventId,
    );
    expect(new Set(ids).size).toBe(2);
  });
});

describe('another app answers', () => {
  test('standby marks the conversation’s address and the message; ordinary messages unmark it', () => {
    expect(sample('standby-text')).toMatchObject([
      { replyAddress: { standby: true }, reference: { standby: true } },
    ]);
    expect(sample('text')[0]).not.toHaveProperty('replyAddress.standby');
  });

  test('handovers and policy are told of the account', () => {
    expect(sample('handover-passed-to-us')).toMatchObject([
      { kind: 'account', change: 'pass_thread_control' },
    ]);
    expect(sample('policy-enforcement')).toMatchObject([{ kind: 'account', outbound: { state: 'failing' } }]);
  });
});

test('a batch comes out whole and in order, whatever list each event stood in', () => {
  const kinds = sample('batch').map((event) => (event.kind === 'message' ? event.parts[0] : event.kind));
  expect(kinds).toEqual([
    { kind: 'text', text: 'One' },
    { kind: 'text', text: 'Two' },
    { kind: 'text', text: 'And I am another person' },
    'watermark',
    { kind: 'text', text: 'In standby' },
  ]);
});
