import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';

/** A text that has to be given: what is wrong with it, and what to do. */
const needed = (words: string) => z.string({ error: words }).trim().min(1, words);
const words = {
  accountSid: 'An account SID begins with AC; it stands in the Twilio console.',
  apiKeySid: 'An API key SID begins with SK; make a standard key in the Twilio console.',
  phoneNumber: 'Give the number with its country code, such as +15551234567.',
  wsUrl: 'Give the exchange’s address for browsers, such as wss://pbx.example.com/ws.',
  domain: 'Give the SIP domain, such as pbx.example.com.',
  username: 'Give the SIP user.',
};
const isNumber = /^\+?[\d\s().-]{5,30}$/;

const twilio = z
  .object({
    provider: z.literal('twilio'),
    accountSid: needed(words.accountSid)
      .regex(/^AC\w+$/, words.accountSid)
      .meta({
        title: 'Account SID',
        description: 'On the first page of the Twilio console.',
        examples: ['AC…'],
      }),
    /** Signs webhooks. */
    authToken: needed('The auth token stands beside the account SID in the Twilio console.').meta({
      title: 'Auth token',
      description: 'Beside the account SID. It also signs Twilio’s webhooks.',
    }),
    /** Signs the tokens of agents' phones, and calls the API. */
    apiKeySid: needed(words.apiKeySid)
      .regex(/^SK\w+$/, words.apiKeySid)
      .meta({
        title: 'API key SID',
        description: 'A standard key. It lets agents’ browsers make calls.',
        examples: ['SK…'],
      }),
    apiKeySecret: needed('The API key’s secret is shown once, when the key is made.').meta({
      title: 'API key secret',
      description: 'Shown once, with the key.',
    }),
    phoneNumber: needed(words.phoneNumber)
      .regex(isNumber, words.phoneNumber)
      .meta({
        title: 'Phone number',
        description: 'The number that customers call, with its country code.',
        examples: ['+1 202 555 0143'],
      }),
    /** Learned by `connect`. */
    numberSid: z.string().optional().meta({ readOnly: true }),
    applicationSid: z.string().optional().meta({ readOnly: true }),
    webhookUrl: z.string().optional().meta({ readOnly: true }),
  })
  .meta({ title: 'Twilio', description: 'A number at Twilio. Flows can speak in its calls.' });

const sip = z
  .object({
    provider: z.literal('sip'),
    wsUrl: needed(words.wsUrl)
      .regex(/^wss?:\/\/[^\s]+$/, words.wsUrl)
      .meta({
        title: 'WebSocket address',
        description: 'Where browsers reach the exchange.',
        examples: ['wss://pbx.example.com/ws'],
      }),
    domain: needed(words.domain)
      .regex(/^[\w.-]+(:\d+)?$/, words.domain)
      .meta({ title: 'SIP domain', examples: ['pbx.example.com'] }),
    username: needed(words.username)
      .regex(/^[\w.+-]+$/, words.username)
      .meta({ title: 'SIP user', description: 'The account that agents’ phones register with.' }),
    password: needed('Give the SIP user’s password.').meta({ title: 'SIP password' }),
    phoneNumber: z
      .string()
      .trim()
      .regex(isNumber, words.phoneNumber)
      .optional()
      .meta({
        title: 'Phone number',
        description:
          'What customers call, with its country code: numbers without one are read as dialled from there.',
        examples: ['+1 202 555 0143'],
      }),
    realm: z.string().trim().optional().meta({
      title: 'SIP realm',
      description: 'Where the exchange names one, phones get a hash in place of the password.',
    }),
    iceServers: z.array(z.string().trim().max(300)).max(10).optional().meta({
      title: 'STUN and TURN servers',
      description: 'One a line, such as stun:stun.example.com or turn:user:secret@turn.example.com.',
    }),
  })
  .meta({
    title: 'SIP exchange',
    description: 'Your own exchange, where browsers reach it over WebSockets.',
  });

/** Both kinds as one shape, of which each has its part: most code asks for a field rather than for the provider. */
export type VoiceCredentials = { provider: 'twilio' | 'sip' } & Partial<
  Omit<z.infer<typeof twilio>, 'provider'> & Omit<z.infer<typeof sip>, 'provider'>
>;
const credentials: z.ZodType<VoiceCredentials> = z
  .discriminatedUnion('provider', [twilio, sip])
  .meta({ title: 'Where the calls come from' });

const seconds = (least: number, most: number, usual: number) =>
  z.coerce.number().int().min(least).max(most).default(usual);

export const voiceSettings = z.object({
  countries: z.array(z.string().trim().max(2)).max(250).default([]).meta({
    title: 'Countries agents may call',
    description: 'Two letters a line, such as DE. None: the number’s own country.',
  }),
  blockedPrefixes: z.array(z.string().trim().max(15)).max(500).default([]).meta({
    title: 'Numbers never called',
    description: 'Beginnings of numbers, one a line, such as +49900. Premium-rate numbers are never called.',
  }),
  callersBack: z.boolean().default(true).meta({
    title: 'Call back anybody who has called',
    description: 'Also in other countries.',
  }),
  callsPerHour: seconds(1, 1000, 30).meta({ title: 'Calls per agent and hour' }),
  ringSeconds: seconds(5, 120, 25).meta({
    title: 'Ring for',
    description: 'Seconds; then the caller may leave a message.',
  }),
  greeting: z
    .string()
    .max(1000)
    .default('Nobody can take your call right now. Please leave a message after the tone.')
    .meta({ title: 'Voicemail greeting', description: 'Where no flow takes the call. Empty: no voicemail.' }),
  language: z
    .string()
    .max(20)
    .default('en-US')
    .meta({
      title: 'Spoken language',
      description: 'Such as en-GB or de-DE.',
      examples: ['en-US'],
    }),
  voice: z
    .string()
    .max(80)
    .default('')
    .meta({ title: 'Voice', description: 'The provider’s name of it, such as Polly.Joanna.' }),
  recordCalls: z.boolean().default(false).meta({
    title: 'Record calls',
    description: 'Both sides, from the moment an agent answers. Kept with the conversation.',
  }),
  recordingNotice: z.string().max(500).default('This call is recorded.').meta({
    title: 'Said before a recording',
    description: 'Many countries’ laws ask for it.',
  }),
  extensions: z
    .array(
      z
        .string()
        .trim()
        .max(200)
        .regex(/^\S+@\S+\s*=\s*[\w.*#+-]{1,32}$/, 'One a line, such as anna@example.com = 201.'),
    )
    .max(500)
    .default([])
    .meta({
      title: 'Colleagues’ extensions',
      description: 'SIP: whom calls can be handed to, one a line, such as anna@example.com = 201.',
    }),
  wrapUpSeconds: seconds(0, 3600, 15).meta({
    title: 'Time after a call',
    description: 'Seconds in which no call rings the agent.',
  }),
});
export type VoiceSettings = z.infer<typeof voiceSettings>;

export const voiceDefinition: ChannelDefinition<VoiceCredentials> = {
  type: 'voice',
  title: 'Voice',
  description: 'Phone calls by a Twilio number or your own SIP exchange, answered in the browser.',
  credentials,
  secretFields: ['authToken', 'apiKeySecret', 'password'],
  settings: voiceSettings,
  capabilities: {
    // Spoken into the call.
    maxTextLength: 3000,
    image: false,
    audio: false,
    video: false,
    file: false,
    maxCaptionLength: 0,
    choices: null,
    location: false,
    voice: true,
  },
  reports: {},
  webhook: {
    kind: 'inbox',
    segment: 'twilio',
    paths: [
      'voice',
      'status',
      'hold',
      'said',
      'gather',
      'dial',
      'leg',
      'voicemail',
      'recording',
      'app',
      'ring',
    ],
  },
  needsPublicUrl: true,
  hasSandbox: true,
  sandboxCredentials: (digits) => ({
    provider: 'twilio',
    accountSid: `AC${digits}`.padEnd(34, '0'),
    authToken: `sandbox-${digits}`,
    apiKeySid: `SK${digits}`.padEnd(34, '0'),
    apiKeySecret: `sandbox-key-${digits}`,
    phoneNumber: `+120255${digits.slice(-5)}`,
  }),
  providerUrls: {
    api: { env: 'TWILIO_API_URL', real: 'https://api.twilio.com', sandboxPath: '/sandbox/twilio' },
  },
};
