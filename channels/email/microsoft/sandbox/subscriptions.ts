/** Who is told of new mails: subscriptions with their handshake, notifications, and what Microsoft says of a subscription's life. */
import { randomUUID } from 'node:crypto';
import type {
  ChangeNotification,
  ChangeNotificationCollection,
  LifecycleEventType,
  Subscription,
} from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import type { Json } from '#domain/json.ts';
import { Refusal } from './answers.ts';
import type { Item } from './item.ts';
import { newSecret, type Mailbox, type Subscribed, type World } from './world.ts';

const MINUTE_MS = 60_000;
const MOST_MINUTES = 10_080;
const LEAST_MINUTES = 45;
const TENANT = '72f988bf-0000-4000-8000-2d7cd011db47';

const created = z.object({
  changeType: z.string().min(1),
  notificationUrl: z.url(),
  lifecycleNotificationUrl: z.url().optional(),
  resource: z.string().min(1),
  expirationDateTime: z.iso.datetime({ offset: true }),
  clientState: z.string().max(128).optional(),
});

/** @throws Refusal */
export async function createSubscription(world: World, mailbox: Mailbox, body: Json): Promise<Response> {
  const read = created.safeParse(body);
  if (!read.success)
    throw invalid(read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  const {
    changeType,
    notificationUrl,
    lifecycleNotificationUrl: lifecycleUrl,
    resource,
    clientState,
  } = read.data;
  if (!/^(me|users\/[^/]+)\/mailFolders\('inbox'\)\/messages$/i.test(resource.replace(/^\//, '')))
    throw invalid('The resource is not one that can be subscribed to here.');
  for (const url of [notificationUrl, lifecycleUrl ?? notificationUrl]) await shakeHands(world, url);
  const subscribed: Subscribed = {
    id: randomUUID(),
    address: mailbox.address,
    resource,
    changeType,
    notificationUrl,
    lifecycleUrl: lifecycleUrl ?? null,
    clientState: clientState ?? null,
    expiresAtMs: expiryOf(read.data.expirationDateTime),
    paused: false,
  };
  world.subscriptions.set(subscribed.id, subscribed);
  return Response.json(shown(world, subscribed), { status: 201 });
}

/** The real one takes https only; this one also the installation it belongs to. */
async function shakeHands(world: World, url: string): Promise<void> {
  if (!url.startsWith('https://') && !url.startsWith(`${world.deps.publicUrl}/`))
    throw invalid('Subscription validation request failed. Notification endpoint must use https.');
  const validation = `Validation: Testing client application reachability for subscription Request-Id: ${newSecret('')}&+`;
  const target = new URL(url);
  target.searchParams.set('validationToken', validation);
  const answer = await world.deps
    .deliver(target.href, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: '',
    })
    .catch(() => ({ status: 0, body: '', contentType: null }));
  if (answer.status !== 200)
    throw invalid(
      `Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request; it answered ${answer.status || 'nothing'}.`,
    );
  if (answer.body !== validation || !answer.contentType?.startsWith('text/plain'))
    throw invalid(
      'Subscription validation request failed. Must respond with the validation token as text/plain.',
    );
}

function expiryOf(text: string): number {
  const minutes = (Date.parse(text) - Date.now()) / MINUTE_MS;
  if (minutes <= 0) throw invalid('Subscription expiration can only be a future time.');
  if (minutes > MOST_MINUTES)
    throw invalid(`Subscription expiration can only be ${MOST_MINUTES} minutes in the future.`);
  return Date.now() + Math.max(minutes, LEAST_MINUTES) * MINUTE_MS;
}

export function readSubscription(world: World, mailbox: Mailbox, id: string): Response {
  return Response.json(shown(world, own(world, mailbox, id)));
}
export function renewSubscription(world: World, mailbox: Mailbox, id: string, body: Json): Response {
  const subscribed = own(world, mailbox, id);
  const read = created.pick({ expirationDateTime: true }).safeParse(body);
  if (!read.success) throw invalid('expirationDateTime can’t be read.');
  subscribed.expiresAtMs = expiryOf(read.data.expirationDateTime);
  subscribed.paused = false;
  return Response.json(shown(world, subscribed));
}
export function reauthorizeSubscription(world: World, mailbox: Mailbox, id: string): Response {
  own(world, mailbox, id).paused = false;
  return new Response(null, { status: 204 });
}
export function deleteSubscription(world: World, mailbox: Mailbox, id: string): Response {
  world.subscriptions.delete(own(world, mailbox, id).id);
  return new Response(null, { status: 204 });
}

function own(world: World, mailbox: Mailbox, id: string): Subscribed {
  const found = world.subscriptions.get(id);
  if (!found || found.address !== mailbox.address || found.expiresAtMs < Date.now())
    throw new Refusal(404, 'ResourceNotFound', 'The object was not found.');
  return found;
}
const invalid = (message: string): Refusal => new Refusal(400, 'InvalidRequest', message);

function shown(
  { deps }: World,
  { id, resource, changeType, notificationUrl, lifecycleUrl, expiresAtMs }: Subscribed,
): Subscription {
  // clientState is never shown again.
  return {
    id,
    resource,
    changeType,
    notificationUrl,
    lifecycleNotificationUrl: lifecycleUrl,
    expirationDateTime: new Date(expiresAtMs).toISOString(),
    applicationId: deps.apps.microsoft?.id ?? null,
    clientState: null,
  };
}

const ofMailbox = (world: World, { address }: Mailbox): Subscribed[] =>
  [...world.subscriptions.values()].filter((one) => one.address === address && one.expiresAtMs > Date.now());

export function tellCreated(world: World, mailbox: Mailbox, item: Item): void {
  for (const subscribed of ofMailbox(world, mailbox)) {
    if (subscribed.paused) continue;
    post(mailbox, subscribed.notificationUrl, {
      ...common(subscribed),
      changeType: 'created',
      resource: `Users/${mailbox.userId}/Messages/${item.id}`,
      resourceData: {
        '@odata.type': '#Microsoft.Graph.Message',
        '@odata.id': `Users/${mailbox.userId}/Messages/${item.id}`,
        '@odata.etag': `W/"${item.id.slice(8, 20)}"`,
        id: item.id,
      },
    });
  }
}

/** What Microsoft says of a subscription's life; `subscriptionRemoved` has removed it. */
export function tellLifecycle(world: World, mailbox: Mailbox, event: LifecycleEventType): void {
  const all = ofMailbox(world, mailbox);
  if (all.length === 0) throw new Error('Nobody has subscribed to this mailbox.');
  for (const subscribed of all) {
    if (event === 'subscriptionRemoved') world.subscriptions.delete(subscribed.id);
    if (event === 'reauthorizationRequired') subscribed.paused = true;
    if (subscribed.lifecycleUrl !== null)
      post(mailbox, subscribed.lifecycleUrl, {
        ...common(subscribed),
        lifecycleEvent: event,
        resource: subscribed.resource,
      });
  }
}

function common({ id, clientState, expiresAtMs }: Subscribed): ChangeNotification {
  return {
    subscriptionId: id,
    subscriptionExpirationDateTime: new Date(expiresAtMs).toISOString(),
    tenantId: TENANT,
    clientState,
  };
}

function post(mailbox: Mailbox, url: string, notification: ChangeNotification): void {
  const collection: ChangeNotificationCollection = { value: [notification] };
  const body = JSON.stringify(collection);
  mailbox.courier.post(() => ({ url, headers: { 'content-type': 'application/json; charset=utf-8' }, body }));
}
