import type { SignalTarget } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callWhatsapp, type WhatsappInbox } from './call.ts';

/**
 * Marks the contact's last message read, and shows that we type: WhatsApp knows no typing without reading, and takes it away after 25
 * seconds or our next message. @throws ChannelError
 */
export async function signalWhatsapp(
  http: HttpClient,
  inbox: WhatsappInbox,
  kind: 'typing' | 'read',
  { lastInbound }: SignalTarget,
  signal: AbortSignal,
): Promise<void> {
  // Calls stand in the thread too, and can't be read.
  if (!lastInbound?.providerMessageId.startsWith('wamid.')) return;
  await callWhatsapp(http, inbox, {
    method: 'POST',
    path: `/${inbox.credentials.phoneNumberId}/messages`,
    json: {
      messaging_product: 'whatsapp',
      status: 'read',
      message_id: lastInbound.providerMessageId,
      ...(kind === 'typing' ? { typing_indicator: { type: 'text' } } : {}),
    },
    signal,
  });
}
