import { describe, expect, it } from 'vitest';
import { liveChatSettingsSchema } from '#channels/live_chat/definition.ts';
import { localized } from '#domain/live-chat/localized.ts';
import { asksFirst, isEmail, mustAnswer, readPreChat } from '#domain/live-chat/pre-chat.ts';

const form = liveChatSettingsSchema.parse({
  preChat: {
    enabled: true,
    fields: [
      { key: 'name', kind: 'name', required: true, label: { en: 'Name', de: 'Ihr Name' } },
      { key: 'email', kind: 'email', label: 'Email' },
      { key: 'phone', kind: 'phone', label: 'Phone' },
      {
        key: 'topic',
        kind: 'choice',
        label: 'About',
        options: [
          { id: 'order', label: { en: 'An order', de: 'Eine Bestellung' } },
          { id: 'other', label: 'Something else' },
        ],
      },
    ],
    consent: 'I agree.',
  },
}).preChat;
const problems = (answers: Record<string, string>, consent = true) => {
  const read = readPreChat(form, { answers, consent }, 'de-AT');
  return read.kind === 'ok' ? [] : read.problems.map(({ path, code }) => `${path} ${code}`);
};

describe('the questions before the first message', () => {
  it('say what is missing or wrong, question by question', () => {
    expect(problems({}, false)).toEqual(['name missing', 'consent missing']);
    expect(problems({ name: '   ' })).toEqual(['name missing']);
    expect(problems({ name: 'Ann', email: 'ann@', phone: '12', topic: 'nothing' })).toEqual([
      'email invalid',
      'phone invalid',
      'topic invalid',
    ]);
    expect(
      problems({ name: 'Ann', email: 'ann@shop.example', phone: '+49 (30) 12-34', topic: 'order' }),
    ).toEqual([]);
  });

  it('keep answers in the visitor’s language, in the order asked, and nothing nobody asked', () => {
    const read = readPreChat(
      form,
      { answers: { topic: 'order', name: ' Ann ', role: 'admin' }, consent: true },
      'de-AT',
    );
    expect(read).toEqual({
      kind: 'ok',
      answers: [
        { key: 'name', kind: 'name', label: 'Ihr Name', value: 'Ann' },
        { key: 'topic', kind: 'choice', label: 'About', value: 'order', shown: 'Eine Bestellung' },
      ],
    });
  });

  it('may be passed by where nothing is required', () => {
    expect(asksFirst(form)).toBe(true);
    expect(mustAnswer(form)).toBe(true);
    const fields = form.fields.map((field) => ({ ...field, required: false }));
    expect(mustAnswer({ ...form, fields, consent: '' })).toBe(false);
    expect(readPreChat({ ...form, fields, consent: '' }, { answers: {}, consent: false }, null)).toEqual({
      kind: 'ok',
      answers: [],
    });
  });
});

it('an address that could become a second recipient or header is none', () => {
  for (const text of [
    'a@b.example, c@d.example',
    'a@b.example\nBcc: c@d.example',
    '<a@b.example>',
    'a b@c.example',
    'a@b',
    'a@b.example;c',
  ])
    expect(isEmail(text), text).toBe(false);
  expect(isEmail('ann+chat@mail.shop.example')).toBe(true);
});

it('texts are chosen by language: the very one, its base, English, any', () => {
  const text = { de: 'Hallo', 'pt-BR': 'Oi', en: 'Hi' };
  expect(['de-AT', 'pt-br', 'fr', null].map((language) => localized(text, language))).toEqual([
    'Hallo',
    'Oi',
    'Hi',
    'Hi',
  ]);
  expect(localized({ ja: 'こんにちは' }, 'fr')).toBe('こんにちは');
  expect(localized('Hi', 'de')).toBe('Hi');
});

describe('settings refuse what can’t work', () => {
  const messages = (settings: object): string[] =>
    liveChatSettingsSchema.safeParse(settings).error?.issues.map(({ message }) => message) ?? [];
  const hours = (mon: object[]) => ({ hours: { weekly: { mon } } });
  it.each([
    [hours([{ from: '09:00', to: '08:00' }]), 'It must close after it opens.'],
    [
      hours([
        { from: '09:00', to: '12:00' },
        { from: '11:00', to: '13:00' },
      ]),
      'Two of these times overlap.',
    ],
    [hours([{ from: '9', to: '12:00' }]), 'A time is written like 09:00.'],
    [{ hours: { timeZone: 'Europe/Atlantis' } }, 'There is no such time zone; write it like Europe/Berlin.'],
    [{ preChat: { fields: [{ key: 'mail', kind: 'email', label: 'x' }] } }, 'The key of email is email.'],
    [
      { preChat: { fields: [{ key: 'a', kind: 'choice', label: 'x', options: [] }] } },
      'A choice needs two answers or more.',
    ],
    [{ preChat: { fields: [{ key: 'a', kind: 'text', label: { de: ' ' } }] } }, 'The question has no words.'],
  ])('%j', (settings, message) => {
    expect(messages(settings)).toContain(message);
  });
});
