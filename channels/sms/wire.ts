/** What we read of Twilio, loosely: a field that is odd or new never costs the rest. */
import { z } from 'zod';

const text = z.string();
const optional = text.optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);

/** Forms: every value is text. */
export const inbound = z.looseObject({
  MessageSid: text.min(1),
  From: text.min(1),
  To: optional,
  Body: text.catch(''),
  NumMedia: z.coerce.number().int().min(0).max(20).catch(0),
  OptOutType: optional,
});
export type Inbound = z.infer<typeof inbound>;

export const statusCallback = z.looseObject({
  MessageSid: text.min(1),
  MessageStatus: text.min(1),
  To: optional,
  ErrorCode: optional,
  ErrorMessage: optional,
});

// Answers ------------------------------------------------------------------------------------------------------------
export const refusal = z.looseObject({
  code: z.int().optional().catch(undefined),
  message: optional,
});
export const sentMessage = z.looseObject({ sid: text.min(1) });
export const account = z.looseObject({
  sid: text.min(1),
  status: optional,
  type: optional,
  friendly_name: optional,
});
export const phoneNumber = z.looseObject({
  sid: text.min(1),
  phone_number: text,
  sms_url: text.nullish().catch(undefined),
  sms_fallback_url: text.nullish().catch(undefined),
  sms_application_sid: text.nullish().catch(undefined),
  capabilities: z.looseObject({ sms: flag, mms: flag }).catch({}),
});
export type PhoneNumber = z.infer<typeof phoneNumber>;
export const phoneNumbers = z.looseObject({ incoming_phone_numbers: z.array(phoneNumber) });
export const balance = z.looseObject({ balance: text, currency: text });
export const service = z.looseObject({
  sid: text.min(1),
  friendly_name: optional,
  use_inbound_webhook_on_number: flag,
});
export const services = z.looseObject({ services: z.array(service) });
