/** An inbox on a WhatsApp number, for the tests of this folder. */
import type { JsonObject } from '#domain/json.ts';
import type { AdapterInbox } from '#channels/contract.ts';
import type { WhatsappCredentials } from '#channels/whatsapp/definition.ts';
import { metaApp } from '../meta/case-inbox.ts';

export const wabaId = '102290129340398';
export const phoneNumberId = '106540352242922';
export const accessToken = 'EAAGcontractSystemUserAccessTokenThatIsLong';

export function whatsappInbox(
  baseUrl = 'https://graph.facebook.com',
  settings: JsonObject = {},
): AdapterInbox<WhatsappCredentials> {
  return {
    id: '0199a1b2-0000-7000-8000-000000000001',
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type: 'whatsapp',
    name: 'Contract',
    accountKey: phoneNumberId,
    sandbox: false,
    credentials: { wabaId, phoneNumberId, accessToken, displayPhoneNumber: '+1 555-078-3881' },
    settings,
    urls: { graph: baseUrl, dialog: baseUrl, oauth: baseUrl },
    apps: { meta: metaApp },
  };
}
