/** Which object a call is about, and what becomes of it. */
import { factsOf, subscriptions, userPages, wabaCall } from './accounts.ts';
import { answer, noSuchObject } from './answers.ts';
import type { Call } from './call.ts';
import { commentCall, placeOf, addPost } from './comments.ts';
import { refuseBy, takeFault } from './faults.ts';
import { objectOf, textOf } from './fields.ts';
import { personFacts, sendMessage, uploadAttachment } from './messaging.ts';
import { accountOf, linkWaba, wabaOf } from './recall.ts';
import { mediaFacts } from './whatsapp-media.ts';
import { numberCall } from './whatsapp.ts';
import type { Account, AccountKind, World } from './world.ts';

/** @throws GraphRefusal */
export async function graphCall(
  call: Call,
  isInstagramHost: boolean,
  signal: AbortSignal,
): Promise<Response> {
  const { world, caller, segments } = call;
  if (segments[0] === 'me') {
    const isUser = caller.token.includes('user-');
    if (segments[1] === 'accounts') return await userPages(call);
    if (isUser && segments.length === 1) return answer({ id: '122000000000000001', name: 'Sandbox User' });
    segments[0] = isInstagramHost ? caller.instagramId : caller.pageId;
  }
  const id = segments[0] ?? '';
  if (id === '') throw noSuchObject(id);
  const place = placeOf(world.accounts.values(), id);
  if (place)
    return await faulty(call, place.account, signal, async () => selected(call, commentCall(call, place)));
  if ([...world.files.values()].some(({ name }) => name === `wa:${id}`)) return mediaFacts(call, id);
  if (!/^\d{5,20}$/.test(id)) throw noSuchObject(id);
  if (await isWaba(call, id)) {
    linkWaba(world, caller.token, { wabaId: id });
    const byWaba = await wabaCall(call, id);
    return (
      byWaba ??
      selected(call, answer({ id, name: `Sandbox WABA ${id.slice(-4)}`, currency: 'EUR', timezone_id: '1' }))
    );
  }
  const person = call.method === 'GET' ? personOf(world, id) : null;
  if (person) return selected(call, answer(personFacts(person.account, person.thread)));
  const account = await accountNamed(call, id, isInstagramHost);
  if (account.kind === 'number') linkWaba(world, caller.token, { number: account });
  const spoken = recipientAccount(call, account);
  return await faulty(call, spoken, signal, () => accountCall(call, account, spoken));
}

async function accountCall(call: Call, account: Account, spoken: Account): Promise<Response> {
  const edge = call.segments[1];
  if (edge === undefined && call.method === 'GET')
    return selected(call, answer(await factsOf(call.world, account)));
  if (edge === 'subscribed_apps') return subscriptions(call, account);
  if (account.kind === 'number') {
    const byNumber = await numberCall(call, account);
    if (byNumber) return byNumber;
  } else {
    if (edge === 'messages' && call.method === 'POST') return await sendMessage(call, spoken);
    if (edge === 'message_attachments') return uploadAttachment(call);
    if (edge === 'feed' && call.method === 'POST')
      return answer({ id: addPost(call.world.now(), account, textOf(call.fields.values['message'])).id });
    if (edge === 'conversations') return answer({ data: [] });
  }
  throw noSuchObject(call.segments.join('/'));
}

/** Instagram through Facebook Login: the page sends to the Instagram account's people. */
function recipientAccount({ world, fields, segments }: Call, account: Account): Account {
  if (account.kind !== 'page' || segments[1] !== 'messages') return account;
  const recipient = objectOf(fields.values['recipient']);
  const commentId = textOf(recipient['comment_id']);
  const linked = [...world.accounts.values()].find(
    ({ kind, parentId }) => kind === 'instagram' && parentId === account.id,
  );
  if (commentId !== '') return placeOf(world.accounts.values(), commentId)?.account ?? account;
  const id = textOf(recipient['id']);
  return linked && !account.threads.has(id) && (linked.threads.has(id) || /^1\d{15}$/.test(id))
    ? linked
    : account;
}

/** Lets the account's faults come over the call. @throws GraphRefusal */
async function faulty(
  call: Call,
  account: Account,
  signal: AbortSignal,
  act: () => Promise<Response>,
): Promise<Response> {
  const { values } = call.fields;
  const isSend =
    call.method !== 'GET' &&
    call.segments[1] !== 'subscribed_apps' &&
    values['sender_action'] === undefined &&
    values['status'] === undefined;
  const fault = takeFault(account, isSend);
  if (fault) refuseBy(account, fault);
  if (fault?.kind === 'window_closed' || fault?.kind === 'contact_unreachable') call.laterFault = fault.kind;
  const response = await act();
  if (fault?.kind === 'no_answer') await unanswered(signal);
  return response;
}

/** Until the caller gives up; a minute at most. */
async function unanswered(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 60_000).unref();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

async function isWaba({ world, segments, method, fields }: Call, id: string): Promise<boolean> {
  if (world.wabas.has(id)) return true;
  if (world.accounts.has(id)) return false;
  if (segments[1] === 'phone_numbers' || segments[1] === 'message_templates') return true;
  const asked = textOf(fields.values['fields']);
  if (
    segments.length === 1 &&
    /message_template_namespace|timezone_id|currency|account_review_status|owner_business_info/.test(asked)
  )
    return true;
  if (segments[1] !== 'subscribed_apps') return false;
  if (method === 'POST') return fields.values['subscribed_fields'] === undefined;
  const known = await world.deps.inboxes(['whatsapp']);
  if (!known.some(({ credentials }) => credentials['wabaId'] === id)) return false;
  await wabaOf(world, id);
  return true;
}

async function accountNamed(call: Call, id: string, isInstagramHost: boolean): Promise<Account> {
  const known = call.world.accounts.get(id);
  if (known) {
    if (isInstagramHost && known.kind === 'instagram' && known.subscribed === null && known.parentId === null)
      known.byInstagramLogin = true;
    return known;
  }
  const account = await accountOf(call.world, kindOfUnknown(call, id, isInstagramHost), id);
  if (isInstagramHost) account.byInstagramLogin = true;
  else if (account.kind === 'instagram' && !account.byInstagramLogin) account.parentId ??= call.caller.pageId;
  return account;
}

function kindOfUnknown({ segments, fields }: Call, id: string, isInstagramHost: boolean): AccountKind {
  if (isInstagramHost || id.startsWith('17841')) return 'instagram';
  const edge = segments[1] ?? '';
  if (['media', 'register', 'deregister', 'request_code', 'verify_code'].includes(edge)) return 'number';
  if (edge === 'messages' && fields.values['messaging_product'] === 'whatsapp') return 'number';
  const isNumber = /display_phone_number|quality_rating|verified_name|code_verification_status/;
  return edge === '' && isNumber.test(textOf(fields.values['fields'])) ? 'number' : 'page';
}

function personOf(
  world: World,
  id: string,
): { account: Account; thread: NonNullable<ReturnType<Account['threads']['get']>> } | null {
  for (const account of world.accounts.values()) {
    const thread = account.threads.get(id);
    if (thread?.kind === 'direct' && account.kind !== 'number') return { account, thread };
  }
  return null;
}

/** Graph answers what was asked for by `fields`, and always the id. */
async function selected(call: Call, response: Response): Promise<Response> {
  const asked = textOf(call.fields.values['fields']);
  if (call.method !== 'GET' || asked === '' || call.segments.length > 1) return response;
  // `instagram_business_account{id,username}` asks for the name before the brace.
  const names = new Set(
    ['id', ...asked.replaceAll(/\{[^}]*\}|\.[\w]+\([^)]*\)/g, '').split(',')].map((name) => name.trim()),
  );
  const all = (await response.json()) as Record<string, unknown>;
  return answer(Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name))));
}
