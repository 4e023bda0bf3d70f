/** An inbox of this channel, and what its provider makes of it. */
import { ChannelError, type AdapterInbox } from '../contract.ts';
import type { SmsInbox } from '../sms/call.ts';
import { voiceSettings, type VoiceCredentials, type VoiceSettings } from './definition.ts';

export type VoiceInbox = AdapterInbox<VoiceCredentials>;

/** What an admin has set, the rest as usual; what can't be read is as usual too. */
export function settingsOf(inbox: Pick<AdapterInbox, 'settings'>): VoiceSettings {
  const read = voiceSettings.safeParse(inbox.settings);
  return read.success ? read.data : voiceSettings.parse({});
}

/** For the calls that SMS makes of the same API. @throws ChannelError for inboxes of an exchange of one's own */
export function twilioOf(inbox: VoiceInbox): SmsInbox {
  const {
    provider,
    accountSid = '',
    authToken = '',
    apiKeySid,
    apiKeySecret,
    phoneNumber = '',
  } = inbox.credentials;
  if (provider !== 'twilio')
    throw new ChannelError(
      'permanent',
      'This inbox’s calls go through its own exchange: only a phone can do that.',
    );
  return {
    ...inbox,
    credentials: {
      accountSid,
      authToken,
      phoneNumber,
      ...(apiKeySid && apiKeySecret ? { apiKeySid, apiKeySecret } : {}),
    },
  };
}

/** Twilio's name of an agent's phone: letters, digits and _ only. */
export function identityOf(userId: string): string {
  return `agent_${userId.replaceAll('-', '_')}`;
}
export function userOf(identity: string): string | null {
  const id = /^(?:client:)?agent_(\w{36})$/.exec(identity)?.[1];
  return id === undefined ? null : id.replaceAll('_', '-');
}

/** What a callback's address carries, so that nothing has to be looked up to know what it speaks of. Twilio signs it with the rest. */
export interface CallbackOf {
  /** The conversation's thread key. */
  call: string;
  /** The contact's external id. */
  who: string;
  /** The step it answers. */
  ref?: string;
  /** Anything else that place needs. */
  more?: Record<string, string>;
}
export type CallbackPlace =
  | 'hold'
  | 'said'
  | 'gather'
  | 'dial'
  | 'leg'
  | 'voicemail'
  | 'recording'
  | 'voice'
  | 'status'
  | 'app'
  | 'ring';

/** Read by Twilio alone: three more tries where we don't answer. What comes twice is known by its id. */
const AGAIN = '#rc=3&rp=all';

export function callbackUrl(webhookUrl: string, place: CallbackPlace, of?: CallbackOf): string {
  if (of === undefined) return `${webhookUrl}/${place}${AGAIN}`;
  const { call, who, ref, more } = of;
  const query = new URLSearchParams({ call, who, ...(ref === undefined ? {} : { ref }), ...more });
  return `${webhookUrl}/${place}?${query.toString()}${AGAIN}`;
}

export function readCallback(url: string): {
  place: string;
  base: string;
  call?: string;
  who?: string;
  ref?: string;
  query: URLSearchParams;
} {
  if (!URL.canParse(url)) return { place: '', base: '', query: new URLSearchParams() };
  const { pathname, origin, searchParams: query } = new URL(url);
  const [call, who, ref] = ['call', 'who', 'ref'].map((name) => query.get(name) || undefined);
  return {
    place: pathname.slice(pathname.lastIndexOf('/') + 1),
    base: origin + pathname.slice(0, pathname.lastIndexOf('/')),
    ...(call === undefined ? {} : { call }),
    ...(who === undefined ? {} : { who }),
    ...(ref === undefined ? {} : { ref }),
    query,
  };
}
