/** Which side of a direct message is ours, however little the delivery says of it. */
import { expect, test } from 'vitest';
import type { JsonObject } from '#domain/json.ts';
import { parseDirectMessages } from '#channels/instagram_dm/parse.ts';
import { accountId, instagramInbox, scopedId } from '../instagram/account.ts';
import { igsid, message, mid, webhook } from './webhooks.ts';

const inbox = instagramInbox('instagram_dm');
const eventsOf = (body: JsonObject | string) =>
  parseDirectMessages(inbox, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));

test.each([accountId, scopedId])('what %s has sent is an echo, also without the flag', (ours) => {
  const sent = { ...message('ours', { text: 'x' }, ours), recipient: { id: igsid } };
  expect(eventsOf(webhook(sent))).toMatchObject([{ kind: 'echo', contact: { externalId: igsid } }]);
});

test('what the account itself has read says nothing of our messages', () => {
  const frame = { sender: { id: accountId }, recipient: { id: igsid }, timestamp: 1_763_841_600_123 };
  expect(eventsOf(webhook({ ...frame, read: { mid: mid('theirs') } }))).toEqual([]);
  expect(eventsOf(webhook({ ...frame, read: { watermark: 1_763_841_600_123 } }))).toEqual([]);
});

test('ids beyond 2^53 written as numbers stay whole', () => {
  const long = '9007199254740993123';
  const body = JSON.stringify(webhook(message('text', { text: 'x' }))).replace(`"${igsid}"`, long);
  expect(eventsOf(body)).toMatchObject([{ contact: { externalId: long }, replyAddress: { igsid: long } }]);
});
