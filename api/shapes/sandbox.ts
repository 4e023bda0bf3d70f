/** What the sandbox's control routes take and answer. */
import { z } from '@hono/zod-openapi';
import type { BotControl } from '#channels/telegram/sandbox/control.ts';
import { listOf } from '../openapi.ts';

const customer = z.object({
  id: z.int().positive(),
  firstName: z.string().min(1).max(64),
  lastName: z.string().max(64).optional(),
  username: z.string().max(32).optional(),
});
const upload = z.object({
  base64: z.base64().min(1),
  mimeType: z.string().min(1),
  caption: z.string().max(1024).optional(),
});

export const messageBody = z.object({
  from: customer,
  /** A negative id: a group. */
  chatId: z.int().optional(),
  groupTitle: z.string().optional(),
  text: z.string().min(1).max(4096).optional(),
  photo: upload.optional(),
  document: upload.extend({ name: z.string().min(1) }).optional(),
  location: z.object({ latitude: z.number(), longitude: z.number() }).optional(),
  replyToMessageId: z.int().optional(),
});

const target = z.object({ chatId: z.int(), messageId: z.int() });
export const editBody = target.extend({ text: z.string().min(1).max(4096) });
export const pressBody = target.extend({ data: z.string().min(1) });
export const reactBody = target.extend({ emoji: z.string() });
export const blockBody = z.object({ chatId: z.int(), blocked: z.boolean() });
export const faultBody = z.object({
  kind: z.enum([
    'rate_limited',
    'forbidden',
    'bad_request',
    'server_error',
    'timeout_after_accepting',
    'slow',
  ]),
  method: z.string().optional(),
  times: z.int().min(1).max(1_000_000).default(1),
  retryAfterSeconds: z.int().min(0).max(3600).optional(),
  delayMs: z.int().min(0).max(120_000).optional(),
});

export const sentMessageShape = z.object({ chatId: z.string(), messageId: z.string() });
export const chatsShape = listOf(
  z.object({
    chatId: z.string(),
    title: z.string(),
    type: z.string(),
    blocked: z.boolean(),
    /** In the Bot API's own shape. */
    messages: z.array(z.record(z.string(), z.unknown())),
  }),
);
export const sentShape = listOf(
  z.object({
    method: z.string(),
    chatId: z.string(),
    messageId: z.string(),
    fields: z.record(z.string(), z.unknown()),
    file: z.object({ name: z.string(), mimeType: z.string(), sizeBytes: z.number() }).optional(),
    atMs: z.number(),
  }),
);

export function chatShapes(control: BotControl): z.infer<typeof chatsShape>['items'] {
  return control.chats().map(({ chat, blocked, messages }) => ({
    chatId: String(chat.id),
    title: chat.type === 'private' ? [chat.first_name, chat.last_name].filter(Boolean).join(' ') : chat.title,
    type: chat.type,
    blocked,
    messages: messages.map((message) => ({ ...message })),
  }));
}
