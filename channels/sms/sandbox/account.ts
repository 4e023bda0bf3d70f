/** What the double of Twilio knows of an account. It lives in memory. */
import { randomBytes } from 'node:crypto';
import type { LedgerEntry, PhoneMessage, SandboxFault } from '../../sandbox-contract.ts';
import type { Application } from '../../voice/sandbox/api.ts';
import type { VoiceCall } from '../../voice/sandbox/calls.ts';
import type { Webhooks } from './webhooks.ts';

export interface TwilioNumber {
  sid: string;
  number: string;
  smsUrl: string;
  smsMethod: string;
  smsFallbackUrl: string;
  smsFallbackMethod: string;
  smsApplicationSid: string;
  voiceUrl: string;
  voiceFallbackUrl: string;
  voiceApplicationSid: string;
  statusCallback: string;
}
/** A customer's phone in conversation with one of our numbers. */
export interface SmsChat {
  number: string;
  customer: string;
  title: string;
  /** They wrote STOP: Twilio refuses what we send. */
  blocked: boolean;
  messages: PhoneMessage[];
}
export interface SentSms {
  sid: string;
  number: string;
  to: string;
  statusCallback: string;
}
export interface StoredMedia {
  bytes: Uint8Array;
  mimeType: string;
  /** Where the API's link leads: a place that wants no credentials. */
  ticket: string;
}
export interface TwilioAccount {
  sid: string;
  /** Null until the first call names one. */
  authToken: string | null;
  numbers: Map<string, TwilioNumber>;
  chats: Map<string, SmsChat>;
  sent: Map<string, SentSms>;
  media: Map<string, StoredMedia>;
  faults: (SandboxFault & { left: number })[];
  ledger: { number: string; entry: LedgerEntry }[];
  webhooks: Webhooks;
  calls: Map<string, VoiceCall>;
  applications: Map<string, Application>;
}

export function newSid(prefix: string): string {
  return prefix + randomBytes(16).toString('hex');
}

export function createAccount(sid: string, authToken: string | null, webhooks: Webhooks): TwilioAccount {
  return {
    sid,
    authToken,
    numbers: new Map(),
    chats: new Map(),
    sent: new Map(),
    media: new Map(),
    faults: [],
    ledger: [],
    webhooks,
    calls: new Map(),
    applications: new Map(),
  };
}

/** Every number that is asked for belongs to the account, but for Twilio's own test number of those that don't. */
const FOREIGN_NUMBER = '+15005550001';

export function numberOf(account: TwilioAccount, number: string): TwilioNumber | null {
  const known = account.numbers.get(number);
  if (known) return known;
  if (number === FOREIGN_NUMBER || !/^\+[1-9]\d{6,14}$/.test(number)) return null;
  const made: TwilioNumber = {
    sid: newSid('PN'),
    number,
    smsUrl: '',
    smsMethod: 'POST',
    smsFallbackUrl: '',
    smsFallbackMethod: 'POST',
    smsApplicationSid: '',
    voiceUrl: '',
    voiceFallbackUrl: '',
    voiceApplicationSid: '',
    statusCallback: '',
  };
  account.numbers.set(number, made);
  return made;
}

export function chatOf(account: TwilioAccount, number: string, customer: string, title = customer): SmsChat {
  const key = `${number} ${customer}`;
  const known = account.chats.get(key);
  if (known) return known;
  const made: SmsChat = { number, customer, title, blocked: false, messages: [] };
  account.chats.set(key, made);
  return made;
}
