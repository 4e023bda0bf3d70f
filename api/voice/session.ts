/** What an agent's phone registers with. Never the account's own secrets: a token for an hour, or the exchange's account for phones. */
import { createHash } from 'node:crypto';
import { identityOf } from '#channels/voice/inbox.ts';
import { accessToken } from '#channels/voice/token.ts';
import type { RequestActor } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import type { SessionWire } from '../shapes/voice.ts';
import { ownNumber, providerOf, type OpenVoiceInbox } from './inbox.ts';

export function sessionFor(
  inbox: OpenVoiceInbox,
  actor: RequestActor & { userId: string },
  nowMs = Date.now(),
): SessionWire {
  return providerOf(inbox) === 'twilio' ? twilioSession(inbox, actor, nowMs) : sipSession(inbox, actor);
}

function twilioSession(inbox: OpenVoiceInbox, { userId }: { userId: string }, nowMs: number): SessionWire {
  const { accountSid, apiKeySid, apiKeySecret, applicationSid } = inbox.credentials;
  if (!accountSid || !apiKeySid || !apiKeySecret || !applicationSid)
    throw new ApiError(
      422,
      'not_connected',
      'This inbox was not connected to its end: it has no application for calls. An admin can connect it again.',
    );
  const identity = identityOf(userId);
  const { token, expiresAtMs } = accessToken({
    accountSid,
    apiKeySid,
    apiKeySecret,
    applicationSid,
    identity,
    nowMs,
  });
  return {
    provider: 'twilio',
    token,
    identity,
    expiresAt: new Date(expiresAtMs).toISOString(),
    from: ownNumber(inbox),
    sandbox: inbox.sandbox,
  };
}

function sipSession(inbox: OpenVoiceInbox, { name }: { name: string }): SessionWire {
  const {
    wsUrl = '',
    domain = '',
    username = '',
    password = '',
    realm = '',
    iceServers = [],
  } = inbox.credentials;
  const ha1 = createHash('md5').update(`${username}:${realm}:${password}`).digest('hex');
  return {
    provider: 'sip',
    wsUrl,
    uri: `sip:${username}@${domain}`,
    authorizationUser: username,
    ...(realm === '' ? { password } : { ha1, realm }),
    displayName: name,
    iceServers: iceServers.map(iceServer),
  };
}

/** `turn:user:secret@host:port` or `stun:host`. */
function iceServer(line: string): { urls: string[]; username?: string; credential?: string } {
  const [, scheme = '', username, credential, host = ''] =
    /^(stuns?|turns?):(?:([^:@]+):([^@]+)@)?(.+)$/i.exec(line) ?? [];
  return {
    urls: [scheme === '' ? line : `${scheme}:${host}`],
    ...(username !== undefined && { username }),
    ...(credential !== undefined && { credential }),
  };
}
