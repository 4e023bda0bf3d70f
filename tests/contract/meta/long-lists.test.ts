/** Long lists of WhatsApp's are told as several changes: what is stored with each event stays small. */
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '#domain/json.ts';
import type { WebhookSlice } from '#channels/contract.ts';
import { metaWebhook } from '#channels/meta/webhook.ts';
import { bytes, metaRequest } from './case-inbox.ts';

const entriesOf = ({ body }: WebhookSlice): JsonObject[] =>
  (JSON.parse(new TextDecoder().decode(body)) as { entry: JsonObject[] }).entry;
const split = (body: Json): WebhookSlice[] => {
  const slices = metaWebhook.split(metaRequest(bytes(body)));
  if ('kind' in slices) throw new Error(slices.message);
  return slices;
};

test('WhatsApp’s long lists make many slices: every item once, in order, with the people it names', () => {
  const statuses = Array.from({ length: 100 }, (_, n) => ({ id: `s${n}`, status: 'read' }));
  const messages = Array.from({ length: 100 }, (_, n) => ({ id: `m${n}`, from: `49${n}`, type: 'text' }));
  const contacts = messages.map(({ from }) => ({ wa_id: from, profile: { name: `Name of ${from}` } }));
  const errors = [{ code: 1 }];
  const metadata = { phone_number_id: '77' };
  const value = { messaging_product: 'whatsapp', metadata, contacts, messages, statuses, errors };
  const slices = split({
    object: 'whatsapp_business_account',
    entry: [{ id: '9', changes: [{ field: 'messages', value }] }],
  });
  expect(new Set(slices.map(({ to }) => JSON.stringify(to)))).toEqual(
    new Set([JSON.stringify({ type: 'whatsapp', accountKey: '77' })]),
  );
  const values = slices
    .flatMap(entriesOf)
    .flatMap((entry) => entry['changes'] as { value: typeof value }[])
    .map((change) => change.value);
  expect(values.flatMap((each) => each.messages ?? [])).toEqual(messages);
  expect(values.flatMap((each) => each.statuses ?? [])).toEqual(statuses);
  expect(values.flatMap((each) => each.errors ?? [])).toEqual(errors);
  for (const each of values) {
    expect([each.messaging_product, each.metadata]).toEqual(['whatsapp', metadata]);
    expect(each.contacts.map((contact) => contact.wa_id)).toEqual(
      (each.messages ?? []).map(({ from }) => from),
    );
  }
  // A slice is stored with each of its events.
  for (const { body } of slices) expect(body.byteLength).toBeLessThan(5_000);
  // Short changes stay as they are, and fill a slice together.
  const short = split({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '9',
        changes: [1, 2, 3, 4].map((n) => ({
          field: 'messages',
          value: { ...value, statuses: [], messages: messages.slice(n, n + 8) },
        })),
      },
    ],
  });
  expect(short).toHaveLength(2);
  expect(entriesOf(short[0] as WebhookSlice)[0]).toMatchObject({ changes: [{ value: { contacts } }, {}] });
});
