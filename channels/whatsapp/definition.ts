import { z } from 'zod';
import type { ChannelDefinition } from '../contract.ts';
import { metaUrls } from '../meta/definition.ts';

const digits = z
  .string()
  .trim()
  .regex(/^\d{5,20}$/, 'This id is a number of 5 to 20 digits.');

const credentials = z.object({
  /** The WhatsApp Business Account. */
  wabaId: digits,
  /** One of its numbers, by Meta's id of it. */
  phoneNumberId: digits,
  /** A system user's token, with whatsapp_business_messaging and whatsapp_business_management. */
  accessToken: z.string().trim().min(20).max(2000),
  /** Filled in by `connect`: tells apart what Meta says of one number of the account by naming it. */
  displayPhoneNumber: z.string().max(40).optional(),
});
export type WhatsappCredentials = z.infer<typeof credentials>;

const settings = z.object({
  /** The button that opens a list of choices, where they don't fit on three buttons. */
  listButton: z.string().trim().min(1).max(20).default('Choose'),
  /** The language of templates that name none. */
  templateLanguage: z
    .string()
    .regex(/^[a-z]{2,3}(_[A-Za-z]{2,4})?$/, 'A language looks like en_US or de.')
    .default('en_US'),
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
  providerUrls: metaUrls,
};
