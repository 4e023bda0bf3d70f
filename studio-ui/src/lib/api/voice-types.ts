/** Calls, phones and presence as the API answers them. */
import type {
  CallDirection,
  CallEndReason,
  CallState,
  PresenceChoice,
  PresenceStatus,
} from '#domain/call.ts';

export interface VoiceCall {
  id: string;
  inboxId: string;
  provider: 'twilio' | 'sip';
  conversationId: string | null;
  providerCallId: string | null;
  direction: CallDirection;
  state: CallState;
  from: string;
  to: string;
  contact: { id: string; name: string | null } | null;
  ringing: string[];
  agent: { id: string; name: string } | null;
  held: boolean;
  startedAt: string;
  answeredAt: string | null;
  endedAt: string | null;
  endReason: CallEndReason | null;
  durationSeconds: number | null;
  wrapUpUntil: string | null;
}
export type VoiceSession =
  | {
      provider: 'twilio';
      token: string;
      identity: string;
      expiresAt: string;
      from: string;
      /** No provider behind it: nothing registers. */
      sandbox: boolean;
    }
  | {
      provider: 'sip';
      wsUrl: string;
      uri: string;
      authorizationUser: string;
      password?: string;
      ha1?: string;
      realm?: string;
      displayName: string;
      iceServers: { urls: string[]; username?: string; credential?: string }[];
    };
export interface PlacedCall {
  callId: string;
  conversationId: string;
  dial: { to: string; from: string; params: Record<string, string> };
}
export interface PhoneReport {
  event: 'ringing' | 'answered' | 'held' | 'resumed' | 'transferred' | 'ended' | 'failed' | 'heartbeat';
  sipCode?: number;
  to?: string;
}
export interface PhoneReportBody extends PhoneReport {
  eventId: string;
  at?: string;
  inboxId?: string;
  from?: string;
  name?: string;
  providerCallId?: string;
}
export interface Presence {
  userId: string;
  name: string;
  status: PresenceStatus;
  chosen: PresenceChoice;
  callId: string | null;
  wrapUpUntil: string | null;
  seenAt: string | null;
}
