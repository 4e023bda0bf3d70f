import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';

const credentials = z.object({
  accountSid: z
    .string()
    .trim()
    .regex(/^AC\w+$/, 'An account SID begins with AC; it stands in the Twilio console.')
    .meta({
      title: 'Account SID',
      description: 'On the first page of the Twilio console.',
      examples: ['AC…'],
    }),
  /** The primary auth token: it signs webhooks, so it is needed beside an API key too. */
  authToken: z
    .string()
    .trim()
    .min(1, 'The auth token stands beside the account SID in the Twilio console.')
    .meta({ title: 'Auth token', description: 'Beside the account SID. It also signs Twilio’s webhooks.' }),
  /** The number customers write to; completed to E.164 by `connect`. */
  phoneNumber: z
    .string()
    .trim()
    .regex(/^\+?[\d\s().-]{5,30}$/, 'Give the number with its country code, such as +15551234567.')
    .meta({
      title: 'Phone number',
      description: 'The number of this account that customers write to, with its country code.',
      examples: ['+1 202 555 0143'],
    }),
  /** While tokens are being exchanged Twilio may sign with either. */
  secondaryAuthToken: z.string().trim().min(1).optional().meta({
    title: 'Secondary auth token',
    description: 'Only while you exchange the primary one: Twilio may sign with either.',
  }),
  /** Calls the API in place of the auth token. */
  apiKeySid: z
    .string()
    .trim()
    .regex(/^SK\w+$/, 'An API key SID begins with SK.')
    .optional()
    .meta({
      title: 'API key SID',
      description: 'Calls Twilio in place of the auth token.',
      examples: ['SK…'],
    }),
  apiKeySecret: z.string().trim().min(1).optional().meta({ title: 'API key secret' }),
  /** Sends through this service's pool of numbers in place of the number itself. */
  messagingServiceSid: z
    .string()
    .trim()
    .regex(/^MG\w+$/, 'A messaging service SID begins with MG.')
    .optional()
    .meta({
      title: 'Messaging service SID',
      description: 'Sends through this service’s pool of numbers in place of the number itself.',
      examples: ['MG…'],
    }),
  /** Learned by `connect`: the number's SID, whether it carries MMS, where its webhooks go. */
  numberSid: z.string().optional().meta({ readOnly: true }),
  mms: z.boolean().optional().meta({ readOnly: true }),
  webhookUrl: z.string().optional().meta({ readOnly: true }),
});
export type SmsCredentials = z.infer<typeof credentials>;

const settings = z.object({
  /** Whether STOP and START alone count as Twilio counts them; off where the account has Twilio's own filter switched off. */
  optOutKeywords: z.boolean().default(true).meta({
    title: 'STOP and START count',
    description:
      'Who writes STOP isn’t written to until they write START. Off only where Twilio’s own filter is off.',
  }),
});

export const smsDefinition: ChannelDefinition<SmsCredentials> = {
  type: 'sms',
  title: 'SMS',
  description: 'Text messages and MMS to and from a Twilio number.',
  credentials,
  secretFields: ['authToken', 'secondaryAuthToken', 'apiKeySecret'],
  settings,
  capabilities: {
    maxTextLength: 1600,
    image: true,
    audio: true,
    video: true,
    file: true,
    // Below a body's 1600, so that caption and link share one where a number carries no MMS.
    maxCaptionLength: 1200,
    choices: null,
    location: false,
    billedBy: 'sms_segment',
  },
  reports: { delivered: true },
  webhook: { kind: 'inbox', segment: 'twilio', paths: ['sms', 'status'] },
  needsPublicUrl: true,
  hasSandbox: true,
  sandboxCredentials: (digits) => ({
    accountSid: `AC${digits}`.padEnd(34, '0'),
    authToken: `sandbox-${digits}`,
    phoneNumber: `+120255${digits.slice(-5)}`,
  }),
  providerUrls: {
    api: { env: 'TWILIO_API_URL', real: 'https://api.twilio.com', sandboxPath: '/sandbox/twilio' },
  },
};
