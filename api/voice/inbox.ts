/** The voice inbox a route speaks of. */
import { definitions, isChannelType } from '#channels/definitions.ts';
import type { VoiceCredentials } from '#channels/voice/definition.ts';
import type { VoiceInbox } from '#channels/voice/inbox.ts';
import type { CachedInbox } from '#db/inbox-cache.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError, notFound } from '../middleware/errors.ts';

export type OpenVoiceInbox = VoiceInbox & Pick<CachedInbox, 'deletedAt'>;

/** @throws ApiError 404 where it isn't one of this workspace, 422 where nobody calls it */
export async function voiceInbox(deps: ApiDeps, workspaceId: string, id: string): Promise<OpenVoiceInbox> {
  const inbox = await deps.inboxes.byId(id);
  if (!inbox || inbox.workspaceId !== workspaceId || inbox.deletedAt !== null) throw notFound('inbox');
  if (!isChannelType(inbox.type) || !definitions[inbox.type].capabilities.voice)
    throw new ApiError(422, 'not_supported', 'This inbox takes no calls; nothing was done.');
  // Its credentials are what the channel's own schema made of them.
  return inbox as unknown as OpenVoiceInbox;
}

export const providerOf = (inbox: { credentials: VoiceCredentials }): 'twilio' | 'sip' =>
  inbox.credentials.provider;

/** What calls of ours come from. */
export function ownNumber({ credentials }: { credentials: VoiceCredentials }): string {
  const { provider, phoneNumber = '', username = '', domain = '' } = credentials;
  return provider === 'twilio' ? phoneNumber : phoneNumber || `sip:${username}@${domain}`;
}
