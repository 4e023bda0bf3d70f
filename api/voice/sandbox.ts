/** The agent's phone of a sandbox inbox: what Twilio's SDK does in a browser, asked of the double. */
import { identityOf } from '#channels/voice/inbox.ts';
import { findCall } from '#db/calls.ts';
import { inWorkspace } from '#db/client.ts';
import type { ApiDeps, RequestActor } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';
import { ownNumber, providerOf, voiceInbox } from './inbox.ts';

export async function actInSandbox(
  deps: ApiDeps,
  actor: RequestActor & { userId: string },
  callId: string,
  act: 'answer' | 'hang_up' | 'decline' | 'dial',
): Promise<void> {
  const call = await inWorkspace(deps.appDb, actor.workspaceId, (tx) => findCall(tx, callId));
  if (!call) throw notFound('call');
  const inbox = await voiceInbox(deps, actor.workspaceId, call.inbox_id);
  if (!inbox.sandbox || providerOf(inbox) !== 'twilio')
    throw new ApiError(
      422,
      'not_supported',
      'Only made-up calls of the sandbox are answered this way; nothing was done.',
    );
  const { accountSid = '', authToken = '', applicationSid = '' } = inbox.credentials;
  const form = new URLSearchParams({ do: act, callId });
  if (act === 'dial') {
    form.set('applicationSid', applicationSid);
    form.set('number', ownNumber(inbox));
  }
  const response = await deps.http.request({
    method: 'POST',
    url: `${inbox.urls['api'] ?? ''}/clients/${accountSid}/${identityOf(actor.userId)}`,
    headers: {
      authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: form.toString(),
    signal: AbortSignal.timeout(10_000),
    trusted: true,
  });
  if (response.status !== 200) {
    const said: unknown = JSON.parse(new TextDecoder().decode(response.body) || '{}');
    const message =
      said !== null && typeof said === 'object' && 'message' in said
        ? String(said.message)
        : 'It was refused.';
    throw new ApiError(409, 'not_there', `The sandbox: ${message}`);
  }
}
