import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';

const needed = {
  twilio: {
    accountSid: 'An account SID begins with AC; it stands in the Twilio console.',
    authToken: 'The auth token stands beside the account SID in the Twilio console.',
    apiKeySid: 'An API key SID begins with SK; make a standard key in the Twilio console.',
    apiKeySecret: 'The API key’s secret is shown once, when the key is made.',
    phoneNumber: 'Give the number with its country code, such as +15551234567.',
  },
  sip: {
    wsUrl: 'Give the exchange’s address for browsers, such as wss://pbx.example.com/ws.',
    domain: 'Give the SIP domain, such as pbx.example.com.',
    username: 'Give the SIP user.',
    password: 'Give the SIP user’s password.',
  },
} as const;
const text = z.string().trim().optional();

const credentials = z
  .object({
    provider: z
      .enum(['twilio', 'sip'])
      .default('twilio')
      .meta({
        title: 'Provider',
        description: 'Twilio, or your own exchange that speaks SIP over WebSockets.',
        options: { twilio: 'Twilio', sip: 'SIP exchange' },
      }),
    accountSid: z
      .string()
      .trim()
      .regex(/^AC\w+$/, needed.twilio.accountSid)
      .optional()
      .meta({
        title: 'Account SID',
        description: 'Twilio: on the first page of the console.',
        examples: ['AC…'],
      }),
    /** Signs webhooks. */
    authToken: text.meta({
      title: 'Auth token',
      description: 'Twilio: beside the account SID. It also signs Twilio’s webhooks.',
    }),
    /** Signs the tokens of agents' phones, and calls the API. */
    apiKeySid: z
      .string()
      .trim()
      .regex(/^SK\w+$/, needed.twilio.apiKeySid)
      .optional()
      .meta({
        title: 'API key SID',
        description: 'Twilio: a standard key. It lets agents’ browsers make calls.',
        examples: ['SK…'],
      }),
    apiKeySecret: text.meta({ title: 'API key secret', description: 'Twilio: shown once, with the key.' }),
    phoneNumber: z
      .string()
      .trim()
      .regex(/^\+?[\d\s().-]{5,30}$/, needed.twilio.phoneNumber)
      .optional()
      .meta({
        title: 'Phone number',
        description: 'The number that customers call, with its country code.',
        examples: ['+1 202 555 0143'],
      }),
    wsUrl: z
      .string()
      .trim()
      .regex(/^wss?:\/\/[^\s]+$/, needed.sip.wsUrl)
      .optional()
      .meta({
        title: 'WebSocket address',
        description: 'SIP: where browsers reach the exchange.',
        examples: ['wss://pbx.example.com/ws'],
      }),
    domain: z
      .string()
      .trim()
      .regex(/^[\w.-]+(:\d+)?$/, needed.sip.domain)
      .optional()
      .meta({ title: 'SIP domain', examples: ['pbx.example.com'] }),
    username: z
      .string()
      .trim()
      .regex(/^[\w.+-]+$/, needed.sip.username)
      .optional()
      .meta({ title: 'SIP user', description: 'SIP: the account that agents’ phones register with.' }),
    password: text.meta({ title: 'SIP password' }),
    realm: text.meta({
      title: 'SIP realm',
      description: 'SIP: where the exchange names one, phones get a hash in place of the password.',
    }),
    iceServers: z.array(z.string().trim().max(300)).max(10).optional().meta({
      title: 'STUN and TURN servers',
      description: 'SIP: one a line, such as stun:stun.example.com or turn:user:secret@turn.example.com.',
    }),
    /** Learned by `connect`. */
    numberSid: z.string().optional().meta({ readOnly: true }),
    applicationSid: z.string().optional().meta({ readOnly: true }),
    webhookUrl: z.string().optional().meta({ readOnly: true }),
  })
  .superRefine((given, context) => {
    for (const [path, message] of Object.entries(needed[given.provider]))
      if (!given[path as keyof typeof given]) context.addIssue({ code: 'custom', path: [path], message });
  });
export type VoiceCredentials = z.infer<typeof credentials>;

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
    paths: ['voice', 'status', 'hold', 'said', 'gather', 'dial', 'leg', 'voicemail', 'recording', 'app'],
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
