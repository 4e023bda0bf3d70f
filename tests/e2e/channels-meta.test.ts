/** Meta's five channels end to end, when all goes well: in, a flow, out, acknowledged, delivered, read; files and choices. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import { partsOf } from '../support/channel-inbox.ts';
import { menuFlow, startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import { eventually } from '../support/eventually.ts';
import { png } from '../support/picture.ts';
import type { Written } from '../support/sandbox-phone.ts';
import {
  beginTalk,
  comments,
  direct,
  isDirect,
  named,
  newName,
  newPersonId,
  type MetaChannel,
} from './meta-channels.ts';

let product: ChannelProduct;

beforeAll(async () => {
  product = await startChannelProduct();
  await product.publish(menuFlow(await product.upload(png(1), 'menu.png', 'image/png')));
}, 240_000);
afterAll(() => product?.close(), 120_000);

const capabilitiesOf = ({ type }: MetaChannel) => definitions[type];

/** Each begins as its kind of file does. */
const files = [
  { kind: 'sticker' as const, bytes: png(9), mimeType: 'image/png' },
  {
    kind: 'audio' as const,
    bytes: Buffer.from('4f67675300020000000000000000', 'hex'),
    mimeType: 'audio/ogg',
  },
  {
    kind: 'video' as const,
    bytes: Buffer.from('000000186674797069736f6d0000020069736f6d69736f32', 'hex'),
    mimeType: 'video/mp4',
  },
  { kind: 'file' as const, bytes: Buffer.from('%PDF-1.4\n%%EOF\n'), mimeType: 'application/pdf' },
];

describe.each(named([...direct, ...comments]))('%s', (_name, channel) => {
  const { capabilities, reports } = capabilitiesOf(channel);

  test('connects, hears, runs the flow, answers once; the choice is pressed; it arrives and is read', async () => {
    const { inbox, thread, chatId, messageId, name } = await beginTalk(product, channel, 'menu');
    const conversation = await thread.read();
    expect(conversation).toMatchObject({ inboxId: inbox.id, status: 'open' });
    expect(conversation.threadKey).toBe(isDirect(channel) ? '' : chatId);
    // Some webhooks name nobody: then the provider is asked.
    await thread.becomes('the contact has a name', ({ contact }) => contact.name === name);

    const question = await inbox.phone.sees(chatId, ({ text }) => text.includes('What would you like?'));
    const asked = await thread.message('the question, acknowledged', (message) =>
      Boolean(message.providerMessageId?.includes(question.id)),
    );
    expect(asked.author.kind).toBe('bot');
    if (capabilities.choices)
      expect(question.choices).toEqual([
        { id: 'soup', label: 'Hot soup' },
        { id: 'cake', label: 'Plum cake' },
      ]);
    else expect(question.text).toContain('1. Hot soup\n2. Plum cake');
    const answer = await inbox.phone.write(
      capabilities.choices
        ? { chatId, replyTo: question.id, choiceId: 'cake' }
        : { chatId, personName: name, text: '2' },
    );
    await inbox.phone.sees(chatId, ({ text }) => text === 'You chose Plum cake.');
    await inbox.phone.sees(chatId, ({ text }) => text.startsWith('You wrote: '));

    const all = await thread.all('every message acknowledged', (messages) =>
      messages
        .filter(({ direction }) => direction === 'out')
        .every(({ status }) => ['sent', 'delivered', 'read'].includes(status)),
    );
    expect(all.map(({ direction }) => direction)).toEqual(['in', 'out', 'in', 'out', 'out', 'out']);
    expect([all[0]?.providerMessageId, all[2]?.providerMessageId]).toEqual([
      expect.stringContaining(messageId),
      expect.stringContaining(answer.messageId),
    ]);
    // The provider accepted each of ours once, and nothing beside them.
    const sent = await inbox.phone.sent();
    const ours = all.filter(({ direction }) => direction === 'out');
    expect(sent).toHaveLength(ours.length);
    for (const [at, { providerMessageId }] of sent.entries())
      expect(ours[at]?.providerMessageId).toContain(providerMessageId);

    const last = ours.at(-1)?.id ?? '';
    if (reports.delivered) await thread.has(last, 'delivered');
    if (reports.read) {
      await inbox.phone.act({ kind: 'status', chatId, status: 'read' });
      const read = await thread.has(last, 'read');
      expect(read.readAt).not.toBeNull();
    }
    expect(await inbox.conversations()).toHaveLength(1);
    const proof = await product.call<{ passed: boolean; inbox: { state: string } }>(
      'POST',
      `/api/inboxes/${inbox.id}/test`,
    );
    expect(proof).toMatchObject({ passed: true, inbox: { state: 'active' } });
  });

  test('files both ways: their bytes arrive in our storage, ours on the phone', async () => {
    const { inbox, thread, chatId, name } = await beginTalk(product, channel, 'Here comes a picture');
    if ((await inbox.phone.abilities()).includes('image')) {
      const bytes = png(7);
      const place = await inbox.phone.write({
        chatId,
        personName: name,
        media: { kind: 'image', bytes, mimeType: 'image/png', name: 'garden.png' },
      });
      const arrived = await thread.message('the picture', (message) =>
        Boolean(message.providerMessageId?.includes(place.messageId)),
      );
      const part = partsOf(arrived, 'image')[0];
      const stored = await eventually('the picture’s bytes', async () => {
        const found = await product.download(part?.url ?? '');
        return found.status === 200 && found;
      });
      expect(stored.type).toBe('image/png');
      expect(Buffer.from(stored.bytes).equals(bytes)).toBe(true);
    }
    const mediaId = await product.upload(png(8), 'answer.png', 'image/png');
    const reply = await thread.reply({ parts: [{ kind: 'image', mediaId, mimeType: 'image/png' }] });
    await thread.has(reply.id, 'sent', 'delivered');
    const seen = await inbox.phone.sees(
      chatId,
      ({ media, text }) => media.length > 0 || /https?:/.test(text),
    );
    // Where the channel carries no picture the contact gets a link to it.
    const link = seen.media[0]?.url ?? /https?:\S+/.exec(seen.text)?.[0] ?? '';
    expect(Boolean(seen.media[0])).toBe(capabilities.image);
    expect(Buffer.from((await product.download(link)).bytes).equals(png(8))).toBe(true);
  });
});

const photographed = [...direct, ...comments].filter((channel) => capabilitiesOf(channel).capabilities.image);
test.each(named(photographed))(
  '%s: five photos at once, from somebody new: five messages, one conversation',
  async (_name, channel) => {
    const inbox = await product.createSandboxInbox(channel.type, channel.credentials());
    const name = newName();
    const personId = newPersonId(channel.type);
    const chatId = isDirect(channel) ? personId : '';
    const photos = [11, 12, 13, 14, 15].map(png);
    const places = await Promise.all(
      photos.map((bytes) =>
        inbox.phone.write({
          chatId,
          personId,
          personName: name,
          media: { kind: 'image', bytes, mimeType: 'image/png' },
        }),
      ),
    );
    const thread = await inbox.holding(places[0]?.messageId ?? '');
    const messages = await thread.all('five photos', ({ length }) => length === 5);
    expect(await inbox.conversations()).toHaveLength(1);
    const bytesOf = async ({ providerMessageId, ...message }: (typeof messages)[number]) => {
      const url = partsOf({ providerMessageId, ...message }, 'image')[0]?.url ?? '';
      const found = await eventually('a photo’s bytes', async () => {
        const answer = await product.download(url);
        return answer.status === 200 && answer.bytes;
      });
      return photos.findIndex((photo) => Buffer.from(photo).equals(Buffer.from(found)));
    };
    // Each its own picture, whatever order they came in.
    expect(new Set(await Promise.all(messages.map(bytesOf)))).toEqual(new Set([0, 1, 2, 3, 4]));
  },
);

test.each(named(direct))(
  '%s: all else that a customer can send, quotes both ways, typing',
  async (_name, channel) => {
    const { inbox, thread, chatId, messageId } = await beginTalk(product, channel);
    const abilities = await inbox.phone.abilities();
    const arrives = async (input: Written) => {
      const place = await inbox.phone.write({ chatId, ...input });
      return thread.message(`what is written as ${JSON.stringify(input).slice(0, 80)}`, (message) =>
        Boolean(message.providerMessageId?.includes(place.messageId)),
      );
    };
    for (const { kind, bytes, mimeType } of files.filter((file) => abilities.includes(file.kind))) {
      const message = await arrives({
        media: { kind, bytes, mimeType, name: `thing.${mimeType.split('/')[1]}` },
      });
      const part = message.parts[0];
      if (!part || !('mediaId' in part)) throw new Error(`No file: ${JSON.stringify(message)}`);
      const stored = await eventually('its bytes', async () => {
        const found = await product.download(part.url);
        return found.status === 200 && found;
      });
      expect(Buffer.from(stored.bytes).equals(bytes)).toBe(true);
      expect(part.kind).toBe(kind === 'sticker' ? 'image' : kind);
    }
    if (abilities.includes('location')) {
      const message = await arrives({ location: { lat: 47.37, lon: 8.54, name: 'The shop' } });
      expect(partsOf(message, 'location')).toMatchObject([{ lat: 47.37, lon: 8.54, name: 'The shop' }]);
    }
    if (abilities.includes('contact')) {
      const message = await arrives({ contact: { name: 'Grace Hopper', phone: '+15550100' } });
      expect(partsOf(message, 'contact_card')).toMatchObject([{ name: 'Grace Hopper' }]);
    }
    const [first] = await thread.messages();
    const reply = await thread.reply({ text: 'About this one', inReplyToId: first?.id ?? '' });
    await thread.has(reply.id, 'sent', 'delivered');
    const seen = await inbox.phone.sees(chatId, ({ text }) => text === 'About this one');
    expect(seen.replyTo).toBe(messageId);
    const quoting = await arrives({ text: 'And about yours', replyTo: seen.id });
    expect(quoting.inReplyToId).toBe(reply.id);

    await product.call('POST', `/api/conversations/${thread.id}/typing`);
    await eventually('typing on the phone', async () => (await inbox.phone.chat(chatId)).typing);
    expect(await inbox.conversations()).toHaveLength(1);
  },
);
