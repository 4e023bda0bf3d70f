/** The Cloud API's side of a number: sending, media, registration. Acceptance says little; what became of it comes by status. */
import type { JsonObject } from '#domain/json.ts';
import { answer, GraphRefusal, invalidParameter } from './answers.ts';
import type { Call } from './call.ts';
import { isObject, objectOf, textOf } from './fields.ts';
import { businessScopedUserId, MADE_UP_PHONE, wamid } from './ids.ts';
import type { WhatsAppStatus, WhatsAppValue } from './webhook-bodies.ts';
import { contentOf } from './whatsapp-content.ts';
import { uploadMedia } from './whatsapp-media.ts';
import { addMessage, DAY_MS, threadOf, type Account, type Thread } from './world.ts';

export async function numberCall(call: Call, account: Account): Promise<Response | null> {
  switch (call.segments[1]) {
    case 'messages':
      return await send(call, account);
    case 'media':
      return uploadMedia(call);
    case 'register':
      return register(call, account);
    case 'deregister':
      account.number.registered = false;
      return answer({ success: true });
    case 'request_code':
      return answer({ success: true });
    case 'verify_code':
      if (!/^\d{6}$/.test(textOf(call.fields.values['code'])))
        throw new GraphRefusal(136_025, '(#136025) Verify code error');
      account.number.verified = true;
      return answer({ success: true });
    default:
      return null;
  }
}

/** The PIN sets two-step verification, or must match what was set. */
function register({ fields }: Call, account: Account): Response {
  const pin = textOf(fields.values['pin']);
  if (!/^\d{6}$/.test(pin)) throw invalidParameter('Param pin must be 6 digits.');
  if (account.number.pin !== '' && account.number.pin !== pin)
    throw new GraphRefusal(133_005, '(#133005) Two-step verification PIN mismatch');
  Object.assign(account.number, { pin, registered: true });
  return answer({ success: true });
}

async function send(call: Call, account: Account): Promise<Response> {
  const { values } = call.fields;
  if (values['messaging_product'] !== 'whatsapp')
    throw invalidParameter('The parameter messaging_product is required.');
  if (values['status'] === 'read') return markRead(call, account);
  if (!account.number.registered) throw new GraphRefusal(133_010, '(#133010) Account not registered');
  const thread = recipientOf(account, values);
  const id = wamid(thread.person.phone ?? thread.person.id);
  const content = await contentOf(call, values);
  const key = textOf(values['biz_opaque_callback_data']);
  const quoted = textOf(objectOf(values['context'])['message_id']);
  const failure = failureOf(call, thread, values['type'] === 'template');
  const nowMs = call.world.now();
  if (failure === null) {
    addMessage(thread, {
      id,
      from: 'business',
      author: account.name,
      atMs: nowMs,
      personId: '',
      ...content,
      ...(quoted === '' ? {} : { replyTo: quoted }),
      ...(key === '' ? {} : { key }),
      status: 'sent',
    });
  }
  account.ledger.push({
    atMs: nowMs,
    ...(key === '' ? {} : { key }),
    providerMessageId: id,
    to: thread.id,
    request: values,
  });
  const status = (state: WhatsAppStatus['status']): void =>
    emitStatus(call, account, thread, { id, key }, state, failure);
  if (failure !== null) status('failed');
  else if (account.delivery.statuses && !thread.blocked) {
    status('sent');
    status('delivered');
    const message = thread.messages.at(-1);
    if (message) message.status = 'delivered';
  }
  const { phone, id: personId } = thread.person;
  const contact = {
    input: textOf(values['to']) || textOf(values['recipient']),
    ...(phone ? { wa_id: phone } : {}),
    user_id: userIdOf(thread),
  };
  return answer({
    messaging_product: 'whatsapp',
    contacts: [contact.input === '' ? { ...contact, input: personId } : contact],
    messages: [{ id, ...(values['type'] === 'template' ? { message_status: 'accepted' } : {}) }],
  });
}

/** Numbers the double makes up are customers, also those an earlier process knew; others may never have written. */
function recipientOf(account: Account, values: JsonObject): Thread {
  const to = textOf(values['to']).replaceAll(/\D/g, '');
  const recipient = textOf(values['recipient']);
  if (to === '' && recipient === '') throw invalidParameter('The parameter to is required.');
  const known = [...account.threads.values()].find(
    ({ person, kind }) =>
      kind === 'direct' && (to === '' ? userIdFor(person) === recipient : person.phone === to),
  );
  if (known) return known;
  const id = to === '' ? recipient : to;
  return threadOf(account, id, { id, name: `Customer ${id.slice(-4)}`, ...(to === '' ? {} : { phone: to }) });
}

const userIdFor = (person: Thread['person']): string =>
  person.phone ? businessScopedUserId(person.phone) : person.id;
export const userIdOf = (thread: Thread): string => userIdFor(thread.person);

interface Failure {
  code: number;
  title: string;
  details: string;
}
function failureOf({ laterFault, world }: Call, thread: Thread, isTemplate: boolean): Failure | null {
  if (laterFault === 'contact_unreachable')
    return { code: 131_026, title: 'Message undeliverable', details: 'Message Undeliverable.' };
  const isEarlier =
    thread.lastInAtMs === null && thread.id.startsWith(MADE_UP_PHONE) && thread.messages.length === 0;
  const lastInAtMs = isEarlier ? world.startedAtMs : thread.lastInAtMs;
  const isOpen = lastInAtMs !== null && world.now() - lastInAtMs < DAY_MS;
  if ((isOpen || isTemplate) && laterFault !== 'window_closed') return null;
  return {
    code: 131_047,
    title: 'Re-engagement message',
    details:
      'Message failed to send because more than 24 hours have passed since the customer last replied to this number.',
  };
}

function markRead({ fields, world }: Call, account: Account): Response {
  const id = textOf(fields.values['message_id']);
  for (const thread of account.threads.values()) {
    const upTo = thread.messages.findIndex((message) => message.id === id);
    for (const message of thread.messages.slice(0, upTo + 1))
      if (message.from === 'customer') message.status = 'read';
    if (upTo >= 0 && isObject(fields.values['typing_indicator'])) thread.typingUntilMs = world.now() + 25_000;
  }
  return answer({ success: true });
}

export function emitStatus(
  { world, webhooks }: Pick<Call, 'world' | 'webhooks'>,
  account: Account,
  thread: Thread,
  message: { id: string; key?: string },
  state: WhatsAppStatus['status'],
  failure: Failure | null = null,
): void {
  const { person } = thread;
  const status: WhatsAppStatus = {
    id: message.id,
    status: state,
    timestamp: String(Math.floor(world.now() / 1000)),
    ...(person.phone ? { recipient_id: person.phone } : {}),
    recipient_user_id: userIdOf(thread),
    ...(state === 'sent' || state === 'delivered'
      ? {
          pricing: {
            billable: false,
            pricing_model: 'PMP',
            category: 'service',
            type: 'free_customer_service',
          },
        }
      : {}),
    ...(message.key ? { biz_opaque_callback_data: message.key } : {}),
    ...(failure
      ? {
          errors: [
            {
              code: failure.code,
              title: failure.title,
              message: failure.title,
              error_data: { details: failure.details },
              href: 'https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes/',
            },
          ],
        }
      : {}),
  };
  webhooks.emit(account, 'messages', {
    change: { field: 'messages', value: { ...envelope(account), statuses: [status] } },
  });
}
export function envelope(account: Account): WhatsAppValue {
  const display_phone_number = account.number.display.replaceAll(/\D/g, '');
  return { messaging_product: 'whatsapp', metadata: { display_phone_number, phone_number_id: account.id } };
}
