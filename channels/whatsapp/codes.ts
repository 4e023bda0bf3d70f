/** WhatsApp's own error codes in our kinds; codes that all of Meta shares are in ../meta/errors.ts. */
import type { z } from 'zod';
import type { SendFailureKind } from '#domain/channel.ts';
import type { DeliveryStatusEvent } from '../contract.ts';
import { graphError } from '../meta/errors.ts';
import type * as wire from './wire.ts';

/** Undefined: not a code of WhatsApp's own. */
export function whatsappKindOf(code: number): SendFailureKind | undefined {
  return kinds[code];
}

const kinds: Readonly<Record<number, SendFailureKind>> = {
  // The number can't send until somebody mends it.
  33: 'reauthorize', // the number was deleted
  368: 'reauthorize', // blocked for policy
  131005: 'reauthorize', // access denied
  131031: 'reauthorize', // account locked
  131037: 'reauthorize', // the display name isn't approved
  131045: 'reauthorize', // not registered
  133010: 'reauthorize', // not registered
  // Later.
  130429: 'retry_after', // throughput
  131048: 'retry_after', // held back for spam
  131056: 'retry_after', // too fast to this very person
  80007: 'retry_after',
  131000: 'retry_after', // something went wrong
  131016: 'retry_after', // service unavailable
  131057: 'retry_after', // account in maintenance
  133004: 'retry_after', // server unavailable
  // Only a template gets through.
  131047: 'window_closed',
  // This person.
  131026: 'contact_unreachable',
  131030: 'contact_unreachable', // not on a test number's list
  130497: 'contact_unreachable', // a country that may not be written to
  // This message.
  130472: 'permanent', // held back by an experiment of Meta's
  131008: 'permanent',
  131009: 'permanent',
  131021: 'permanent', // to oneself
  131042: 'permanent', // no valid means of payment: templates only
  131049: 'permanent', // marketing held back
  131050: 'permanent', // opted out of marketing
  131051: 'permanent',
  131052: 'permanent',
  131053: 'permanent',
  131062: 'permanent', // this message needs a phone number
  132000: 'permanent',
  132001: 'permanent',
  132005: 'permanent',
  132007: 'permanent',
  132012: 'permanent',
  132015: 'permanent', // template paused
  132016: 'permanent', // template disabled
  132068: 'permanent',
  132069: 'permanent',
  135000: 'permanent',
};

/** Why a message failed, as its status says: the same codes and words as a refused call's. */
export function statusError(error: z.infer<typeof wire.error> | undefined): DeliveryStatusEvent['error'] {
  if (!error || (error.code === undefined && !error.title && !error.message))
    return { kind: 'permanent', message: 'WhatsApp could not deliver the message and gave no reason.' };
  const { title, message, code, error_data: data } = error;
  const said = [title, message].filter((word, index, all) => word && all.indexOf(word) === index).join(' — ');
  const body = { error: { message: said, code: code ?? 0, ...(data ? { error_data: data } : {}) } };
  const { kind, message: words, providerCode } = graphError(body, 400, {}, { kindOf: whatsappKindOf });
  return {
    kind,
    message: words,
    ...(code === undefined || providerCode === undefined ? {} : { providerCode }),
  };
}
