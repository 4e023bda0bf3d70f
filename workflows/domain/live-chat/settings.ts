/** What a Live Chat inbox does beside its looks: what it asks first, when somebody is there, who visitors are, what it asks last. */
import { z } from 'zod';
import { isTimeZone, minutesOf, type Weekday } from './hours.ts';
import { isWritten } from './localized.ts';

const languageTag = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'A language is written like de or pt-BR.');

/** One text for everybody, or one per language; at most `max` characters each. */
export function localizedText(max: number) {
  const text = z.string().trim().max(max, `This is too long: at most ${max} characters.`);
  return z.union([text, z.record(languageTag, text)]);
}

export const PRE_CHAT_KINDS = ['name', 'email', 'phone', 'choice', 'text'] as const;
export type PreChatKind = (typeof PRE_CHAT_KINDS)[number];

const optionSchema = z.object({
  id: z.string().min(1).max(100),
  label: localizedText(80),
});
const fieldSchema = z.object({
  /** Under what its answer is found: `contact.fields.<key>`. */
  key: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'A key is written like order_number.'),
  kind: z.enum(PRE_CHAT_KINDS),
  required: z.boolean().default(false),
  label: localizedText(120).refine(isWritten, 'The question has no words.'),
  /** Of a choice. */
  options: z.array(optionSchema).max(20).default([]),
});
export type PreChatField = z.output<typeof fieldSchema>;

const preChatSchema = z
  .object({
    enabled: z.boolean().default(false),
    /** Above the questions. */
    intro: localizedText(500).default(''),
    /** In the order in which they are asked. */
    fields: z.array(fieldSchema).max(10).default([]),
    /** With words: nobody gets on without ticking it. */
    consent: localizedText(500).default(''),
  })
  .superRefine(({ fields }, context) => {
    fields.forEach((field, index) => {
      const report = (message: string): void =>
        context.addIssue({ code: 'custom', path: ['fields', index], message });
      if (fields.findIndex(({ key }) => key === field.key) < index)
        report(`The key ${field.key} is there twice.`);
      const own = ['name', 'email', 'phone'].includes(field.kind);
      if (own && field.key !== field.kind) report(`The key of ${field.kind} is ${field.kind}.`);
      if (!own && ['name', 'email', 'phone'].includes(field.key))
        report(`The key ${field.key} belongs to the question for it.`);
      if (field.kind === 'choice' && field.options.length < 2) report('A choice needs two answers or more.');
      if (new Set(field.options.map(({ id }) => id)).size < field.options.length)
        report('Two answers have the same id.');
    });
  });

const time = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'A time is written like 09:00.');
const spanSchema = z
  .object({ from: time, to: time })
  .refine(({ from, to }) => minutesOf(from) < minutesOf(to), 'It must close after it opens.');
const spans = z
  .array(spanSchema)
  .max(10)
  .refine(
    (all) => all.every((one, index) => all.every((other, at) => at === index || !overlap(one, other))),
    'Two of these times overlap.',
  );
type SpanInput = z.output<typeof spanSchema>;
function overlap(one: SpanInput, other: SpanInput): boolean {
  return minutesOf(one.from) < minutesOf(other.to) && minutesOf(other.from) < minutesOf(one.to);
}

const officeHours: SpanInput[] = [{ from: '09:00', to: '17:00' }];
const dayOfWeek = (day: Weekday) => spans.default(day === 'sat' || day === 'sun' ? [] : officeHours);
const weeklySchema = z.object({
  sun: dayOfWeek('sun'),
  mon: dayOfWeek('mon'),
  tue: dayOfWeek('tue'),
  wed: dayOfWeek('wed'),
  thu: dayOfWeek('thu'),
  fri: dayOfWeek('fri'),
  sat: dayOfWeek('sat'),
});

const hoursSchema = z.object({
  /** Off: the chat is always open. */
  enabled: z.boolean().default(false),
  timeZone: z
    .string()
    .refine(isTimeZone, 'There is no such time zone; write it like Europe/Berlin.')
    .default('UTC'),
  weekly: weeklySchema.prefault({}),
  holidays: z
    .array(
      z.object({
        date: z.iso.date('A date is written like 2026-12-25.'),
        name: z.string().trim().max(80).default(''),
        spans: spans.default([]),
      }),
    )
    .max(200)
    .default([]),
  /** Sent once to who writes while it is closed; without words nothing is sent. */
  awayMessage: localizedText(1000).default(''),
  /** "We usually reply within minutes", while it is open. */
  replyTime: localizedText(120).default(''),
});

export const chatBehaviour = {
  preChat: preChatSchema.prefault({}).meta({ title: 'Before the first message', readOnly: true }),
  hours: hoursSchema.prefault({}).meta({ title: 'Business hours', readOnly: true }),
  identity: z
    .object({
      /** Only visitors whom the website has vouched for may chat. */
      required: z.boolean().default(false),
    })
    .prefault({})
    .meta({ title: 'Identity', readOnly: true }),
  csat: z
    .object({
      enabled: z.boolean().default(false),
      question: localizedText(200).default('How was this conversation?'),
      scale: z.enum(['faces', 'thumbs']).default('faces'),
      /** How long after resolving it may be answered. */
      expiresAfterDays: z.int().min(1).max(90).default(7),
      /** Also where only the bot has answered. */
      askBotOnly: z.boolean().default(false),
    })
    .prefault({})
    .meta({ title: 'Satisfaction', readOnly: true }),
  offlineEmail: z
    .object({
      enabled: z.boolean().default(false),
      /** How long a visitor must be away, and a reply unread. */
      afterMinutes: z.int().min(1).max(1440).default(10),
      /** The email inbox it is sent through; null = the deployment's own mail server. */
      inboxId: z.uuid().nullable().default(null),
    })
    .prefault({})
    .meta({ title: 'Replies by email', readOnly: true }),
} as const;

const behaviourSchema = z.object(chatBehaviour);
export type ChatBehaviour = z.output<typeof behaviourSchema>;
export type PreChat = ChatBehaviour['preChat'];
export type CsatSettings = ChatBehaviour['csat'];
export type CsatScale = CsatSettings['scale'];

/** Scores by scale: thumbs are 1 and 2, faces 1 to 5; the highest is the best. */
export const CSAT_SCORES: Readonly<Record<CsatScale, number>> = { faces: 5, thumbs: 2 };
