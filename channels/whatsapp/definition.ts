import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';
import { metaUrls } from '../meta/definition.ts';

const digits = z
  .string()
  .trim()
  .regex(/^\d{5,20}$/, 'This id is a number of 5 to 20 digits.');

const credentials = z.object({
  /** The WhatsApp Business Account. */
  wabaId: digits.meta({
    title: 'WhatsApp Business Account ID',
    description: 'Meta Business settings → Accounts → WhatsApp accounts.',
  }),
  /** One of its numbers, by Meta's id of it. */
  phoneNumberId: digits.meta({
    title: 'Phone number ID',
    description: 'Meta’s id of the number, not the number itself: WhatsApp Manager → API setup.',
  }),
  /** A system user's token, with whatsapp_business_messaging and whatsapp_business_management. */
  accessToken: z
    .string()
    .trim()
    .min(20, 'An access token is one long word of at least 20 characters.')
    .max(2000)
    .meta({
      title: 'Access token',
      description: 'A system user’s, with whatsapp_business_messaging and whatsapp_business_management.',
    }),
  /** Filled in by `connect`: tells apart what Meta says of one number of the account by naming it. */
  displayPhoneNumber: z.string().max(40).optional().meta({ readOnly: true }),
});
export type WhatsappCredentials = z.infer<typeof credentials>;

const settings = z.object({
  /** The button that opens a list of choices, where they don't fit on three buttons. */
  listButton: z.string().trim().min(1).max(20).default('Choose').meta({
    title: 'Button of a list',
    description: 'Opens a list of choices, where they don’t fit on three buttons.',
  }),
  /** The language of templates that name none. */
  templateLanguage: z
    .string()
    .regex(/^[a-z]{2,3}(_[A-Za-z]{2,4})?$/, 'A language looks like en_US or de.')
    .default('en_US')
    .meta({ title: 'Language of templates', description: 'For templates that are sent without one.' }),
});

export const whatsappDefinition: ChannelDefinition<WhatsappCredentials> = {
  type: 'whatsapp',
  title: 'WhatsApp',
  description: 'Conversations with a number on the WhatsApp Business Platform (Cloud API).',
  credentials,
  secretFields: ['accessToken'],
  settings,
  capabilities: {
    maxTextLength: 4096,
    image: true,
    audio: true,
    video: true,
    file: true,
    maxCaptionLength: 1024,
    choices: { max: 10, maxLabelLength: 24 },
    location: true,
    contactCard: true,
    template: true,
    quote: true,
    typing: true,
    marksRead: true,
    window: { kind: 'hours', hours: 24, templates: true },
  },
  reports: { delivered: true, read: true, edits: true, deletes: true, reactions: true, echoes: true },
  webhook: { kind: 'app', app: 'meta' },
  needsPublicUrl: true,
  hasSandbox: true,
  sandboxCredentials: (digits) => ({
    wabaId: `20${digits}`,
    phoneNumberId: `30${digits}`,
    accessToken: `sandbox-whatsapp-30${digits}`,
  }),
  providerUrls: metaUrls,
};
