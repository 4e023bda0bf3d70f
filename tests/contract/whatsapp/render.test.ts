/** What each part becomes on the wire, and where WhatsApp's limits lie. */
import { describe, expect, test } from 'vitest';
import type { Json } from '#domain/json.ts';
import type { ChoicesPart, MediaPart } from '#domain/message.ts';
import { ChannelError } from '#channels/contract.ts';
import { choiceId, payloadOf } from '#channels/whatsapp/render.ts';
import { templatePayload } from '#channels/whatsapp/template.ts';
import { messageTypeOf } from '#channels/whatsapp/upload.ts';

const settings = { listButton: 'Choose', templateLanguage: 'en_US' };
const choices = (labels: string[], text = 'Which one?'): ChoicesPart => ({
  kind: 'choices',
  text,
  options: labels.map((label, index) => ({ id: `option-${index}`, label })),
});
const typeOf = (part: ChoicesPart): Json | undefined => payloadOf(part, settings).content['type'];

describe('choices', () => {
  test('up to three short ones are buttons', () => {
    expect(payloadOf(choices(['Yes', 'No']), settings)).toEqual({
      type: 'interactive',
      content: {
        type: 'button',
        body: { text: 'Which one?' },
        action: {
          buttons: [
            { type: 'reply', reply: { id: 'option-0', title: 'Yes' } },
            { type: 'reply', reply: { id: 'option-1', title: 'No' } },
          ],
        },
      },
    });
    expect(typeOf(choices(['x'.repeat(20), 'b', 'c'], 'y'.repeat(1024)))).toBe('button');
  });

  test.each([
    ['four', choices(['a', 'b', 'c', 'd'])],
    ['ten', choices('abcdefghij'.split(''))],
    ['a label over 20', choices(['x'.repeat(21), 'b'])],
    ['a text over 1024', choices(['a', 'b'], 'y'.repeat(1025))],
    ['two alike', choices(['a', 'a'])],
  ])('%s: a list', (_, part) => {
    expect(typeOf(part)).toBe('list');
  });

  test.each([
    ['eleven', choices('abcdefghijk'.split(''))],
    ['a label over 24', choices(['x'.repeat(25)])],
    ['none', choices([])],
  ])('%s: refused before anything leaves', (_, part) => {
    expect(() => payloadOf(part, settings)).toThrow(ChannelError);
  });

  test('an id that WhatsApp wouldn’t take travels as a digest, always the same', () => {
    expect(choiceId('plain')).toBe('plain');
    for (const odd of ['', ' padded', 'x'.repeat(201)]) {
      expect(choiceId(odd)).toMatch(/^#[\w-]{43}$/);
      expect(choiceId(odd)).toBe(choiceId(odd));
    }
  });
});

describe('templates', () => {
  const components = (params?: Json): Json | undefined =>
    templatePayload({ kind: 'template', name: 'order', ...(params === undefined ? {} : { params }) }, 'de')[
      'components'
    ];
  const text = (value: string): Json => ({ type: 'text', text: value });

  test('name, language, and no components where nothing is to fill', () => {
    expect(templatePayload({ kind: 'template', name: 'hello', language: 'en_GB' }, 'de')).toEqual({
      name: 'hello',
      language: { code: 'en_GB' },
    });
    expect(templatePayload({ kind: 'template', name: 'hello', params: [] }, 'de')).toEqual({
      name: 'hello',
      language: { code: 'de' },
    });
  });

  test.each<[string, Json, Json]>([
    ['a list', ['Ann', 7], [{ type: 'body', parameters: [text('Ann'), text('7')] }]],
    [
      'numbered places, in order',
      { 10: 'ten', 2: 'two', 1: 'one' },
      [{ type: 'body', parameters: [text('one'), text('two'), text('ten')] }],
    ],
    [
      'named places',
      { first_name: 'Ann' },
      [{ type: 'body', parameters: [{ type: 'text', text: 'Ann', parameter_name: 'first_name' }] }],
    ],
    [
      'header, body and buttons',
      {
        header: { image: { link: 'https://cdn.example/a.jpg' } },
        body: ['Ann'],
        buttons: ['track/1', { payload: 'stop' }, { coupon_code: 'X1', index: 4 }],
      },
      [
        { type: 'header', parameters: [{ type: 'image', image: { link: 'https://cdn.example/a.jpg' } }] },
        { type: 'body', parameters: [text('Ann')] },
        { type: 'button', sub_type: 'url', index: '0', parameters: [text('track/1')] },
        {
          type: 'button',
          sub_type: 'quick_reply',
          index: '1',
          parameters: [{ type: 'payload', payload: 'stop' }],
        },
        {
          type: 'button',
          sub_type: 'copy_code',
          index: '4',
          parameters: [{ type: 'coupon_code', coupon_code: 'X1' }],
        },
      ],
    ],
    [
      'Meta’s own shape',
      { components: [{ type: 'body', parameters: [] }] },
      [{ type: 'body', parameters: [] }],
    ],
  ])('%s', (_, params, expected) => {
    expect(components(params)).toEqual(expected);
  });

  test('a parameter that is nothing is refused', () => {
    expect(() => components([null])).toThrow(ChannelError);
    expect(() => components({ buttons: [3] })).toThrow(ChannelError);
  });
});

describe('media', () => {
  const megabytes = (count: number): Uint8Array => new Uint8Array(count * 1024 * 1024 + 1);
  const part = (kind: MediaPart['kind'], caption?: string): MediaPart => ({
    kind,
    mediaId: 'm',
    mimeType: 'x/y',
    ...(caption === undefined ? {} : { caption }),
  });
  const small = new Uint8Array(3);

  test.each<[string, MediaPart, string, Uint8Array]>([
    ['image', part('image'), 'image/jpeg', small],
    ['document', part('image'), 'image/gif', small],
    ['document', part('image'), 'image/webp', small],
    ['document', part('image'), 'image/png', megabytes(5)],
    ['audio', part('audio'), 'audio/ogg; codecs=opus', small],
    ['document', part('audio', 'Listen'), 'audio/ogg', small],
    ['document', part('audio'), 'audio/wav', small],
    ['video', part('video', 'Look'), 'video/mp4', small],
    ['document', part('video'), 'video/webm', small],
    ['document', part('video'), 'video/mp4', megabytes(16)],
    ['document', part('file'), 'image/jpeg', small],
  ])('as %s: %j of %s', (type, media, mimeType, bytes) => {
    expect(messageTypeOf(media, { bytes, mimeType })).toBe(type);
  });

  test('more than 100 MB go nowhere', () => {
    expect(() => messageTypeOf(part('file'), { bytes: megabytes(100), mimeType: 'application/zip' })).toThrow(
      /100 MB/,
    );
  });
});
