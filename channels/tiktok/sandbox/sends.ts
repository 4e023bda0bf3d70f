import { z } from 'zod';
import type { JsonObject } from '#domain/json.ts';
import { chatOf, nextId, type Account, type Chat, type Line, type World } from './account.ts';
import { answered, Refusal } from './answers.ts';
import { emitLine, emitRead } from './events.ts';

const button = z.object({
  type: z.literal('REPLY'),
  title: z.string().min(1).max(20),
  id: z.string().min(1).max(40),
});
const common = {
  business_id: z.string().min(1),
  recipient_type: z.literal('CONVERSATION'),
  recipient: z.string().min(1),
};
const message = z.discriminatedUnion('message_type', [
  z.object({
    ...common,
    message_type: z.literal('TEXT'),
    text: z.object({ body: z.string().max(6000).regex(/\S/) }),
    referenced_message_info: z.object({ referenced_message_id: z.string().min(1) }).optional(),
  }),
  z.object({ ...common, message_type: z.literal('IMAGE'), image: z.object({ media_id: z.string().min(1) }) }),
  z.object({
    ...common,
    message_type: z.literal('TEMPLATE'),
    template: z.object({
      type: z.literal('QA_BUTTON_CARD'),
      title: z.string().min(1).max(40),
      buttons: z.array(button).min(1).max(3),
    }),
  }),
  z.object({
    ...common,
    message_type: z.literal('SENDER_ACTION'),
    sender_action: z.enum(['TYPING', 'MARK_READ']),
  }),
]);
type Message = z.infer<typeof message>;

const WINDOW_MS = 48 * 3_600_000;
const MOST_PER_WINDOW = 10;
const TYPING_MS = 5_000;

/** @throws Refusal */
export function acceptSend(world: World, account: Account, body: JsonObject): Response {
  const read = message.safeParse(body);
  if (!read.success)
    throw new Refusal(
      40_002,
      read.error.issues.map(({ path, message: words }) => `${path.join('.')}: ${words}`).join('; '),
    );
  const chat = chatOf(account, read.data.recipient);
  if (read.data.message_type === 'SENDER_ACTION') {
    if (read.data.sender_action === 'TYPING') chat.typingUntilMs = Date.now() + TYPING_MS;
    else account.markedRead.push(chat.id);
    return answered({ message: { message_id: '' } });
  }
  checkWindow(chat);
  const line: Line = {
    id: nextId(),
    from: 'business',
    author: account.username,
    atMs: Date.now(),
    content: contentOf(world, read.data),
    ...quoted(chat, read.data),
  };
  chat.typingUntilMs = 0;
  chat.lines.push(line);
  account.ledger.push({ atMs: line.atMs, providerMessageId: line.id, to: chat.id, request: body });
  emitLine(world, account, chat, line, 'API');
  if (account.courier.delivery().statuses) emitRead(world, account, chat);
  return answered({ message: { message_id: line.id } });
}

/** A conversation that an earlier process knew is given the benefit of the doubt. */
function checkWindow({ lines }: Chat): void {
  const at = lines.findLastIndex(({ from }) => from === 'customer');
  const last = lines[at];
  const since = lines.slice(at + 1).length;
  if (since >= MOST_PER_WINDOW || (last && Date.now() - last.atMs > WINDOW_MS)) throw windowClosed();
}
export function windowClosed(): Refusal {
  return new Refusal(
    40_064,
    'The message is blocked by the rules of direct messages: the messaging window is closed.',
  );
}

function contentOf(world: World, given: Message): Line['content'] {
  switch (given.message_type) {
    case 'TEXT':
      return { type: 'text', text: given.text };
    case 'IMAGE': {
      if (!world.files.has(given.image.media_id)) throw new Refusal(40_007, 'The media does not exist.');
      return { type: 'image', image: given.image };
    }
    case 'TEMPLATE': {
      const { title, buttons } = given.template;
      const elements = [
        { title, buttons: buttons.map((one) => ({ text: one.title, type: 'REPLY', id: one.id })) },
      ];
      return { type: 'template', template: { type: 'qa_button_card', elements } };
    }
    case 'SENDER_ACTION':
      throw new Refusal(40_002, 'A sender action is no message.');
  }
}

function quoted({ lines }: Chat, given: Message): { replyTo?: string } {
  const id = given.message_type === 'TEXT' ? given.referenced_message_info?.referenced_message_id : undefined;
  if (id === undefined) return {};
  if (lines.length > 0 && !lines.some((line) => line.id === id))
    throw new Refusal(40_007, 'The referenced message does not exist.');
  return { replyTo: id };
}
