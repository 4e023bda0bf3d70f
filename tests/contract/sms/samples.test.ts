import { describe, expect, test } from 'vitest';
import { smsDefinition } from '#channels/sms/definition.ts';
import { parseTwilio } from '#channels/sms/parse.ts';
import { bodies, formOf } from './bodies.ts';
import { smsCase } from './case.ts';

const inbox = { ...smsCase.inbox, credentials: smsDefinition.credentials.parse(smsCase.inbox.credentials) };

describe('samples are what Twilio posts, and mean this to us', () => {
  test.each(Object.entries(bodies))('%s', async (name, fields) => {
    const form = formOf(fields);
    await expect(form).toMatchFileSnapshot(`../../../channels/sms/samples/${name}.form`);
    expect(parseTwilio(inbox, smsCase.request(Buffer.from(form)))).toMatchSnapshot();
  });
});

const read = (fields: Record<string, string>, settings = {}) =>
  parseTwilio({ ...inbox, settings }, smsCase.request(Buffer.from(formOf(fields))));

describe('STOP and START', () => {
  const changeOf = (fields: Record<string, string>, settings = {}): unknown[] => {
    const events = read({ ...bodies.text, ...fields }, settings);
    if (!Array.isArray(events)) throw new Error(events.message);
    const told = events.map((event) => (event.kind === 'contact' ? event.change : event.kind));
    // Where the message itself would say that its writer is back, the opt-in comes first, the opt-out last.
    expect(told.indexOf('message')).toBe(told.includes('unblocked') ? 1 : 0);
    return told.filter((each) => each !== 'message');
  };

  test.each([
    'STOP',
    'stop',
    ' Stop\n',
    'STOPALL',
    'UNSUBSCRIBE',
    'CANCEL',
    'END',
    'QUIT',
    'Revoke',
    'OPTOUT',
  ])('%j alone blocks', (Body) => expect(changeOf({ Body })).toEqual(['blocked']));
  test.each(['START', 'unstop'])('%j alone unblocks', (Body) =>
    expect(changeOf({ Body })).toEqual(['unblocked']),
  );
  test.each(['Stop please', 'YES', 'HELP', '', 'STOPP'])('%j changes nothing', (Body) =>
    expect(changeOf({ Body })).toEqual([]),
  );
  test('a service’s own type decides over the words', () => {
    expect(changeOf({ Body: 'Genug', OptOutType: 'STOP' })).toEqual(['blocked']);
    expect(changeOf({ Body: 'YES', OptOutType: 'START' })).toEqual(['unblocked']);
    expect(changeOf({ Body: 'STOP', OptOutType: 'HELP' })).toEqual([]);
  });
  test('words don’t count where Twilio’s filter is off; its type does', () => {
    const off = { optOutKeywords: false };
    expect(changeOf({ Body: 'STOP' }, off)).toEqual([]);
    expect(changeOf({ Body: 'STOP', OptOutType: 'STOP' }, off)).toEqual(['blocked']);
  });
});

test('one odd attachment leaves the others and the text', () => {
  const { MediaUrl1: _gone, ...rest } = bodies['several-media'];
  expect(read({ ...rest, Body: 'three' })).toMatchObject([
    {
      parts: [{ kind: 'text' }, { kind: 'image' }, { kind: 'unsupported', what: 'media' }, { kind: 'audio' }],
    },
  ]);
});

test('a phone that reads (RCS) is told as read; a status of tomorrow tells nothing', () => {
  const delivered = bodies['status-delivered'];
  expect(read({ ...delivered, MessageStatus: 'read' })).toMatchObject([
    { kind: 'status', status: 'read', key: 'outbox-1' },
  ]);
  expect(read({ ...delivered, MessageStatus: 'partially_delivered' })).toEqual([]);
});

test('a body of neither kind is malformed', () => {
  expect(read({ MessageSid: '', From: '+1' })).toMatchObject({ kind: 'malformed' });
  expect(read({ MessageStatus: 'sent' })).toMatchObject({ kind: 'malformed' });
});
