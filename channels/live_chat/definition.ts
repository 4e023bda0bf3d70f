/** Live Chat: the widget on a website. Our own protocol; the other end of the wire is studio-ui/widget. */
import { z } from 'zod';
import type { JsonObject } from '#domain/json.ts';
import { chatBehaviour, type ChatBehaviour } from '#domain/live-chat/settings.ts';
import type { ChannelDefinition } from '../contract.ts';
import { appearanceFields, type WidgetAppearance } from './appearance.ts';

export interface LiveChatCredentials extends JsonObject {
  allowedOrigins: string[];
}

/** What the widget looks like and does; edited later. */
export type LiveChatSettings = WidgetAppearance & ChatBehaviour;

const originPattern = /^(https?):\/\/(\*\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:\d{1,5})?$/;

/** An origin as browsers send it; pages and trailing slashes are cut off, `https://*.example.com` covers its subdomains. */
function normalOrigin(text: string): string | null {
  const [, bare = ''] = /^\s*([a-z]+:\/\/[^/?#\s]*)/i.exec(text) ?? [];
  const lower = bare.toLowerCase();
  if (!originPattern.test(lower)) return null;
  // A URL parser drops default ports and turns international names into punycode, but doesn't take the `*`.
  const wildcard = lower.includes('://*.');
  if (!URL.canParse(lower.replace('://*.', '://'))) return null;
  const { origin } = new URL(lower.replace('://*.', '://'));
  return wildcard ? origin.replace('://', '://*.') : origin;
}

const allowedOrigin = z.string().transform((text, context) => {
  const origin = normalOrigin(text);
  if (origin !== null) return origin;
  context.addIssue({
    code: 'custom',
    message: `“${text.slice(0, 80)}” is no website address. Write it like https://www.example.com or https://*.example.com.`,
  });
  return z.NEVER;
});

export const liveChatSettingsSchema = z.object({ ...appearanceFields, ...chatBehaviour });

export const liveChatDefinition: ChannelDefinition<LiveChatCredentials> = {
  type: 'live_chat',
  title: 'Live Chat',
  description: 'The chat widget on your website.',
  credentials: z.object({
    allowedOrigins: z
      .array(allowedOrigin)
      .max(50)
      .transform((origins) => [...new Set(origins)])
      .meta({
        title: 'Websites that may show the chat',
        description: 'One per line. https://*.example.com covers every subdomain.',
        examples: ['https://www.example.com'],
      }),
  }),
  secretFields: [],
  settings: liveChatSettingsSchema,
  capabilities: {
    maxTextLength: 20_000,
    image: true,
    audio: true,
    video: true,
    file: true,
    maxCaptionLength: 2000,
    choices: { max: 12, maxLabelLength: 80 },
    location: true,
    typing: true,
    marksRead: true,
    visitors: true,
    severalParts: true,
  },
  reports: { delivered: true, read: true },
  needsPublicUrl: false,
  ownIngress: true,
  hasSandbox: false,
  providerUrls: {},
};

/** Whether a page of `origin` may show this inbox's widget. */
export function originAllowed(allowedOrigins: readonly string[], origin: string): boolean {
  return allowedOrigins.some((allowed) => {
    const [scheme = '', suffix] = allowed.split('*');
    if (suffix === undefined) return allowed === origin;
    return (
      origin.startsWith(scheme) && origin.endsWith(suffix) && origin.length > scheme.length + suffix.length
    );
  });
}
