/** What we read of Twilio's voice, loosely: forms, every value a text; a field that is odd or new never costs the rest. */
import { z } from 'zod';

const optional = z.string().optional().catch(undefined);
const count = z.coerce.number().int().min(0).max(1e7).optional().catch(undefined);

export const callback = z.looseObject({
  CallSid: z.string().min(1),
  From: z.string().catch(''),
  To: z.string().catch(''),
  CallStatus: optional,
  CallerName: optional,
  CallDuration: count,
  ErrorCode: optional,
  SipResponseCode: optional,
  Timestamp: optional,
  Digits: optional,
  SpeechResult: optional,
  DialCallStatus: optional,
  RecordingSid: optional,
  RecordingUrl: optional,
  RecordingStatus: optional,
  RecordingDuration: count,
  /** Ours: what the phone hands to the TwiML application. */
  callId: optional,
});
export type Callback = z.infer<typeof callback>;

/** Statuses after which a call is over, as our reasons; `completed` needs none. */
const FINAL: Readonly<Record<string, string | undefined>> = {
  completed: undefined,
  busy: 'busy',
  'no-answer': 'no_answer',
  canceled: 'cancelled',
  failed: 'failed',
};
export const reasonOf = (status: string): string | undefined =>
  Object.hasOwn(FINAL, status) ? FINAL[status] : undefined;
export const isFinal = (status: string | undefined): status is string =>
  status !== undefined && Object.hasOwn(FINAL, status);

// Answers ------------------------------------------------------------------------------------------------------------
const text = z.string();
const address = text.nullish().catch(undefined);
export const number = z.looseObject({
  sid: text.min(1),
  voice_url: address,
  voice_application_sid: address,
  trunk_sid: address,
  status_callback: address,
  capabilities: z.looseObject({ voice: z.boolean().optional().catch(undefined) }).catch({}),
});
export const application = z.looseObject({
  sid: text.min(1),
  friendly_name: optional,
  voice_url: address,
  status_callback: address,
});
export const applications = z.looseObject({ applications: z.array(application) });
export const call = z.looseObject({
  sid: text.min(1),
  status: text,
  duration: count,
});
