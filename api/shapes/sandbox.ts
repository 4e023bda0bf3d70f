/** What the sandbox's control routes take and answer; the same for every channel. */
import { z } from '@hono/zod-openapi';
import type { CallAct, PhoneAct, PhoneChat, PhoneInput, SandboxFault } from '#channels/sandbox-contract.ts';
import { listOf } from '../openapi.ts';

const id = z.string().min(1).max(512);

export const messageBody = z.object({
  /** '' begins a new chat with a person made up. */
  chatId: z.string().max(512).default(''),
  personId: id.optional(),
  personName: z.string().trim().min(1).max(64).optional(),
  text: z.string().min(1).max(20_000).optional(),
  media: z
    .object({
      kind: z.enum(['image', 'audio', 'video', 'file', 'sticker']),
      base64: z.base64().min(1),
      mimeType: z.string().min(1).max(200),
      name: z.string().min(1).max(255).optional(),
    })
    .optional(),
  location: z
    .object({
      lat: z.number().min(-90).max(90),
      lon: z.number().min(-180).max(180),
      name: z.string().max(200).optional(),
    })
    .optional(),
  contact: z.object({ name: z.string().min(1).max(200), phone: z.string().min(1).max(40) }).optional(),
  replyTo: id.optional(),
  choiceId: id.optional(),
  fromOwnApp: z.boolean().optional(),
});

const message = { chatId: id, messageId: id };
export const actBody = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('edit'), ...message, text: z.string().min(1).max(20_000) }),
  z.object({ kind: z.literal('delete'), ...message, personId: id.optional() }),
  z.object({ kind: z.literal('react'), ...message, emoji: z.string().max(32), personId: id.optional() }),
  z.object({
    kind: z.literal('status'),
    chatId: id,
    status: z.enum(['delivered', 'read', 'failed']),
    messageId: id.optional(),
  }),
  z.object({ kind: z.literal('block'), chatId: id }),
  z.object({ kind: z.literal('unblock'), chatId: id }),
  z.object({ kind: z.literal('post'), text: z.string().min(1).max(20_000) }),
]);

export const callActBody = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('call'),
    chatId: z.string().max(64).default(''),
    personName: z.string().max(64).optional(),
  }),
  z.object({
    kind: z.literal('press'),
    chatId: id,
    text: z.string().regex(/^[0-9*#]{1,32}$/, 'Digits, * and # only.'),
  }),
  z.object({ kind: z.literal('speak'), chatId: id, text: z.string().min(1).max(2000) }),
  z.object({ kind: z.literal('hang_up'), chatId: id }),
  z.object({ kind: z.literal('pick_up'), chatId: id }),
]);

export const faultBody = z.object({
  kind: z.enum([
    'rate_limited',
    'server_error',
    'no_answer',
    'token_expired',
    'permission_revoked',
    'window_closed',
    'contact_unreachable',
  ]),
  times: z.int().min(1).max(1_000_000).optional(),
  retryAfterSeconds: z.int().min(0).max(3600).optional(),
});
export const deliveryBody = z.object({
  copies: z.int().min(1).max(10).optional(),
  held: z.boolean().optional(),
  statuses: z.boolean().optional(),
});

export const writtenShape = z.object({ chatId: z.string(), messageId: z.string() });

const shownMessage = z.object({
  id: z.string(),
  from: z.enum(['customer', 'business']),
  author: z.string(),
  atMs: z.number(),
  text: z.string(),
  media: z.array(z.object({ kind: z.string(), url: z.string(), name: z.string().optional() })),
  choices: z.array(z.object({ id: z.string(), label: z.string() })),
  replyTo: z.string().optional(),
  reactions: z.array(z.string()),
  status: z.enum(['sent', 'delivered', 'read']).optional(),
  edited: z.boolean().optional(),
  deleted: z.boolean().optional(),
  hidden: z.boolean().optional(),
  note: z.string().optional(),
});
const shownChat = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.enum(['direct', 'group', 'post']),
  blocked: z.boolean(),
  typing: z.boolean(),
  messages: z.array(shownMessage),
});
export const phoneShape = z
  .object({
    /** What a customer of this channel can do: see `PhoneAbility`. */
    abilities: z.array(z.string()),
    chats: z.array(shownChat),
    /** What the double knows of the account: subscriptions, permissions; no secrets. */
    facts: z.record(z.string(), z.unknown()),
  })
  .openapi('SandboxPhone');
export const sentShape = listOf(
  z.object({
    atMs: z.number(),
    key: z.string().optional(),
    providerMessageId: z.string(),
    to: z.string(),
    request: z.unknown(),
  }),
);

export function phoneInput({ media, ...rest }: z.infer<typeof messageBody>): PhoneInput {
  if (!media) return defined<PhoneInput>(rest);
  const { base64, ...file } = media;
  return defined<PhoneInput>({ ...rest, media: defined({ ...file, bytes: Buffer.from(base64, 'base64') }) });
}
export const phoneAct = (body: z.infer<typeof actBody>): PhoneAct => defined<PhoneAct>(body);
export const callAct = (body: z.infer<typeof callActBody>): CallAct => defined<CallAct>(body);
export const sandboxFault = (body: z.infer<typeof faultBody>): SandboxFault => defined<SandboxFault>(body);
export const chatShapes = (chats: readonly PhoneChat[]): z.infer<typeof shownChat>[] =>
  chats.map((chat) => ({ ...chat, messages: chat.messages.map((each) => ({ ...each })) }));

/** Without the keys that are undefined: the contract's optional fields are absent or there. */
function defined<Target extends object>(value: { [Key in keyof Target]: Target[Key] | undefined }): Target {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Target;
}
