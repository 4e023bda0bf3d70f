/** Email: one type, three kinds of connection. The thread is the conversation; everything else about a mail is in its `email` part. */
import { z } from 'zod';
import type { JsonObject } from '#domain/json.ts';
import type { ChannelDefinition } from '../contract.ts';

const address = z
  .email({ error: 'Give an email address, such as support@example.com.' })
  .max(254)
  .transform((text) => text.toLowerCase());
const host = z
  .string()
  .trim()
  .regex(/^(\[[0-9a-fA-F:]+\]|[\w.-]+)$/, 'Give the server’s host name, such as mail.example.com.');
const port = z.coerce
  .number({ error: 'Give the port’s number.' })
  .int('Give the port’s number.')
  .min(1)
  .max(65_535);

/** A mail server and an account on it. `secure`: TLS from the first byte; otherwise STARTTLS where the server offers it. */
function server(title: string, ports: { secure: number; starttls: number }) {
  return z
    .object({
      host: host.meta({ title: 'Server', examples: ['mail.example.com'] }),
      port: port.meta({
        title: 'Port',
        description: `Usually ${ports.secure} with TLS, ${ports.starttls} with STARTTLS.`,
        examples: [String(ports.secure)],
      }),
      secure: z
        .boolean()
        .default(true)
        .meta({
          title: 'TLS from the start',
          description: `On for port ${ports.secure}. Off means STARTTLS, usually on port ${ports.starttls}.`,
        }),
      user: z.string().min(1).meta({ title: 'User name', description: 'Often the whole address.' }),
      password: z
        .string()
        .min(1)
        .meta({ title: 'Password', description: 'Gmail and others want an app password here.' }),
    })
    .meta({ title });
}

const imap = z
  .object({
    kind: z.literal('imap'),
    address: address.meta({
      title: 'Address',
      description: 'What customers write to, and what answers come from.',
      examples: ['support@example.com'],
    }),
    imap: server('Incoming mail (IMAP)', { secure: 993, starttls: 143 }),
    smtp: server('Outgoing mail (SMTP)', { secure: 465, starttls: 587 }),
  })
  .meta({
    title: 'IMAP and SMTP',
    description: 'Any mailbox with IMAP and SMTP, Gmail with an app password.',
  });

const microsoft = z
  .object({
    kind: z.literal('microsoft'),
    address: address.meta({ title: 'Address', examples: ['support@example.com'] }),
    /** The address is a shared mailbox, read by the access of somebody who may. */
    shared: z.boolean().optional().meta({ readOnly: true }),
    accessToken: z.string().optional().meta({ readOnly: true }),
    refreshToken: z.string().optional().meta({ readOnly: true }),
    /** When the access token ends, Unix milliseconds. */
    expiresAtMs: z.number().optional().meta({ readOnly: true }),
    /** What notifications must carry. */
    clientState: z.string().optional().meta({ readOnly: true }),
  })
  .meta({ title: 'Microsoft 365', description: 'A mailbox of Microsoft 365 or Outlook.com, by signing in.' });

const managed = z
  .object({
    kind: z.literal('managed'),
    /** Made by `connect`: an opaque name at the deployment's domain. */
    address: address.optional().meta({ readOnly: true }),
    forwardedFrom: address.optional().meta({
      title: 'Your own address',
      description:
        'The address your customers write to, if you forward it to this inbox. Mails from it are known as your own.',
      examples: ['support@example.com'],
    }),
    /** Signs what a mail provider posts to the inbox's webhook. Made by `connect` and shown once. */
    secret: z.string().min(32).optional().meta({ readOnly: true }),
  })
  .meta({
    title: 'An address from Teloring',
    description: 'Works at once: write to it, or forward your own address to it.',
  });

const credentials = z
  .discriminatedUnion('kind', [imap, microsoft, managed])
  .meta({ title: 'How is the mailbox connected?' });

export type ServerLogin = z.infer<typeof imap>['imap'];
export type ImapCredentials = z.infer<typeof imap>;
export type MicrosoftCredentials = z.infer<typeof microsoft>;
export type ManagedCredentials = z.infer<typeof managed>;
export type EmailCredentials = ImapCredentials | MicrosoftCredentials | ManagedCredentials;

export const emailSettingsSchema = z.object({
  fromName: z.string().trim().max(100).default('').meta({
    title: 'Sender’s name',
    description: 'Shown beside the address. Empty: the inbox’s name.',
  }),
  signature: z
    .string()
    .max(2_000)
    .default('')
    .meta({
      title: 'Signature',
      description: 'Plain text below every answer of a person. {{agent.name}} is who answers.',
      examples: ['{{agent.name}}\nExample Ltd'],
    }),
  undoSeconds: z.coerce.number().int().min(0).max(60).default(10).meta({
    title: 'Seconds to undo',
    description: 'How long an answer waits before it leaves, so that it can be taken back. 0 sends at once.',
  }),
  automationNeeds: z
    .enum(['anything', 'not_failed', 'pass'])
    .default('not_failed')
    .meta({
      title: 'Flows answer',
      description: 'Whose mails flows may answer. People always see all of them.',
      options: {
        anything: 'everybody',
        not_failed: 'everybody but proven forgeries (DMARC fails)',
        pass: 'only senders that are proven (DMARC passes)',
      },
    }),
  trustedServers: z
    .array(z.string().trim().toLowerCase().min(1).max(253))
    .max(20)
    .default([])
    .meta({
      title: 'Servers whose checks count',
      description:
        'Names in Authentication-Results headers of your own receiving servers, one per line. Gmail’s is known.',
      examples: ['mx.example.com'],
    }),
  folder: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .default('INBOX')
    .meta({
      title: 'Folder',
      description: 'IMAP: where new mails are looked for.',
      examples: ['INBOX', 'Support'],
    }),
  importDays: z.coerce.number().int().min(0).max(365).default(0).meta({
    title: 'Days to import',
    description:
      'IMAP: how far back the first look at a folder goes. 0: only mails that come from now on. Flows answer imported mails too.',
  }),
  markSeen: z.boolean().default(false).meta({
    title: 'Mark mails as read',
    description: 'IMAP: in the mailbox, once they are here.',
  }),
  saveSent: z.boolean().default(false).meta({
    title: 'Save answers in Sent',
    description:
      'IMAP: answers are put into the mailbox’s folder of sent mails. Leave it off where the server does so by itself, as Gmail does.',
  }),
});
export type EmailSettings = z.infer<typeof emailSettingsSchema>;

export const emailDefinition: ChannelDefinition<EmailCredentials> = {
  type: 'email',
  title: 'Email',
  description: 'A mailbox: IMAP and SMTP, Microsoft 365, or an address from Teloring.',
  credentials,
  secretFields: ['imap.password', 'smtp.password', 'accessToken', 'refreshToken', 'clientState', 'secret'],
  settings: emailSettingsSchema,
  capabilities: {
    maxTextLength: 200_000,
    image: true,
    audio: true,
    video: true,
    file: true,
    maxCaptionLength: 10_000,
    choices: null,
    location: false,
    email: true,
    severalParts: true,
    quote: true,
  },
  reports: {},
  needsPublicUrl: false,
  // Its webhook (/webhooks/email/<inbox id>) is a route of its own: a mail is kept and its thread found before it is an event.
  ownIngress: true,
  // A double of Microsoft's mail only; the other kinds are tried with real servers.
  hasSandbox: false,
  sandboxFor: ({ kind }) => kind === 'microsoft',
  providerUrls: {
    microsoftGraph: {
      env: 'MICROSOFT_GRAPH_URL',
      real: 'https://graph.microsoft.com',
      sandboxPath: '/sandbox/microsoft/graph',
    },
    microsoftLogin: {
      env: 'MICROSOFT_LOGIN_URL',
      real: 'https://login.microsoftonline.com',
      sandboxPath: '/sandbox/microsoft/login',
    },
  },
};

/** What an inbox's settings say; what was stored before a setting existed has its default. */
export function emailSettings(stored: JsonObject): EmailSettings {
  const read = emailSettingsSchema.safeParse(stored);
  return read.success ? read.data : emailSettingsSchema.parse({});
}
