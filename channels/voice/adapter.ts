import type { ChannelAdapter } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { fetchSmsMedia } from '../sms/media.ts';
import { toE164 } from '../sms/number.ts';
import { verifyTwilio } from '../sms/signature.ts';
import { connectVoice, disconnectVoice } from './connect.ts';
import { voiceDefinition, type VoiceCredentials } from './definition.ts';
import type { VoiceDesk } from './desk.ts';
import { twilioOf } from './inbox.ts';
import { parseVoice } from './parse.ts';
import { probeVoice } from './probe.ts';
import { respondVoice } from './respond.ts';
import { sendVoice } from './send.ts';

export interface VoiceAdapterDeps {
  /** Our own rows about calls. Without it flows speak to whatever call they know, and nobody is rung. */
  desk?: VoiceDesk;
}

/** Calls by Twilio; those of an exchange of one's own are told by the phones themselves (api/routes/voice.ts). */
export function createVoiceAdapter(
  deps: { http: HttpClient } & VoiceAdapterDeps,
): ChannelAdapter<VoiceCredentials> {
  const { http, desk } = deps;
  return {
    definition: voiceDefinition,
    // What was put into a call once is not put into it again: it would be heard twice.
    resend: () => 'unsafe',
    verify: ({ credentials }, request) => verifyTwilio([credentials.authToken], request),
    parse: parseVoice,
    send: (inbox, message, options) => sendVoice(deps, inbox, message, options),
    accountKeyOf: ({ provider, phoneNumber, username, domain }) =>
      provider === 'sip' ? `sip:${username ?? ''}@${domain ?? ''}` : toE164(phoneNumber ?? ''),
    connect: (inbox, webhookUrl, signal) => connectVoice(http, inbox, webhookUrl, signal),
    disconnect: (inbox, signal) => disconnectVoice(http, inbox, signal),
    probe: (inbox, webhookUrl, signal) => probeVoice(http, inbox, webhookUrl, signal),
    fetchMedia: (inbox, source, options) => fetchSmsMedia(http, twilioOf(inbox), source, options),
    respond: (inbox, request) => respondVoice(desk, inbox, request),
  };
}
