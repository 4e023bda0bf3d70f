/** Messaging services: a number in one may hand what comes in to the service in place of its own webhook. */
import { ChannelError } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callTwilio, unreadable, type SmsInbox } from './call.ts';
import { service, services } from './wire.ts';

/** More services than anybody looks through within the time of a connect are not asked. */
const MAX_SERVICES = 20;

/** What is in the way of messages to the number, as a sentence each. Not being able to look is said, not fatal. */
export async function serviceWarnings(
  http: HttpClient,
  inbox: SmsInbox,
  numberSid: string,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    const path = `/Services?PageSize=${MAX_SERVICES}`;
    const read = services.safeParse(
      await callTwilio(http, inbox, { method: 'GET', at: 'messaging', path, signal }),
    );
    if (!read.success) throw unreadable('its messaging services');
    const diverting = read.data.services.filter((each) => each.use_inbound_webhook_on_number !== true);
    const holds = await Promise.all(diverting.map((each) => isIn(http, inbox, each.sid, numberSid, signal)));
    return diverting
      .filter((_, index) => holds[index])
      .map(
        ({ sid, friendly_name: name }) =>
          `No messages arrive yet: the number belongs to the messaging service ${name ?? sid}, which takes incoming messages itself. Choose “Defer to sender’s webhook” in its integration settings at Twilio.`,
      );
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // A double or a proxy without this API has no services either.
    if (error.providerCode === 'http 404' || error.providerCode === '20404') return [];
    return [
      `Whether the number belongs to a messaging service could not be checked (${error.message}). If it does, choose “Defer to sender’s webhook” there.`,
    ];
  }
}

/** @throws ChannelError permanent where the account has no such service */
export async function checkService(http: HttpClient, inbox: SmsInbox, signal: AbortSignal): Promise<void> {
  const { messagingServiceSid } = inbox.credentials;
  if (!messagingServiceSid) return;
  const path = `/Services/${encodeURIComponent(messagingServiceSid)}`;
  const found = await orMissing(callTwilio(http, inbox, { method: 'GET', at: 'messaging', path, signal }));
  if (!service.safeParse(found).success)
    throw new ChannelError(
      'permanent',
      `This Twilio account has no messaging service ${messagingServiceSid}.`,
    );
}

async function isIn(
  http: HttpClient,
  inbox: SmsInbox,
  serviceSid: string,
  numberSid: string,
  signal: AbortSignal,
): Promise<boolean> {
  const path = `/Services/${encodeURIComponent(serviceSid)}/PhoneNumbers/${encodeURIComponent(numberSid)}`;
  const found = await orMissing(callTwilio(http, inbox, { method: 'GET', at: 'messaging', path, signal }));
  return found !== null;
}

async function orMissing(call: Promise<unknown>): Promise<unknown> {
  return await call.catch((error: unknown) => {
    if (error instanceof ChannelError && /^(http 404|20404)$/.test(error.providerCode ?? '')) return null;
    throw error;
  });
}
