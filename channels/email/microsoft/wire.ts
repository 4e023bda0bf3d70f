/** What we read of Microsoft's answers, loosely: a field that is odd or new never costs the rest. */
import { z } from 'zod';

const text = z.string();
const maybeText = text.min(1).nullish().catch(undefined);

export const graphError = z.looseObject({
  error: z.looseObject({ code: text.catch(''), message: text.catch('') }),
});
export const loginError = z.looseObject({
  error: text.catch(''),
  error_description: text.catch(''),
  error_codes: z.array(z.number()).catch([]),
});
export const tokenAnswer = z.looseObject({
  access_token: text.min(1),
  /** Absent where offline_access was not granted. */
  refresh_token: text.min(1).optional(),
  expires_in: z.coerce.number().positive().catch(3600),
  scope: text.catch(''),
});
export const me = z.looseObject({
  id: text.min(1),
  mail: maybeText,
  userPrincipalName: maybeText,
  displayName: maybeText,
});

/** An entry of a delta answer; `@removed` ones are gone or were moved away. */
export const deltaEntry = z.looseObject({
  id: text.min(1),
  receivedDateTime: maybeText,
  isDraft: z.boolean().nullish().catch(undefined),
  '@removed': z.unknown().optional(),
});
export const deltaPage = z.looseObject({
  value: z.array(z.unknown()),
  '@odata.nextLink': maybeText,
  '@odata.deltaLink': maybeText,
});

const header = z.looseObject({ name: text, value: text });
export const item = z.looseObject({
  id: text.min(1),
  isDraft: z.boolean().catch(false),
  internetMessageId: maybeText,
  createdDateTime: maybeText,
  internetMessageHeaders: z.array(header).nullish().catch(undefined),
});
export type GraphItem = z.infer<typeof item>;
export const items = z.looseObject({ value: z.array(item) });
export const attachments = z.looseObject({ value: z.array(z.looseObject({ id: text })) });
export const uploadSession = z.looseObject({ uploadUrl: text.min(1) });

export const subscription = z.looseObject({
  id: text.min(1),
  expirationDateTime: text.min(1),
  notificationUrl: maybeText,
});

/** Of a mail too large to be taken in whole. */
export const outline = z.looseObject({
  internetMessageId: maybeText,
  subject: maybeText,
  receivedDateTime: maybeText,
  bodyPreview: maybeText,
  from: z
    .looseObject({ emailAddress: z.looseObject({ name: maybeText, address: maybeText }) })
    .nullish()
    .catch(undefined),
});

/** What Microsoft posts to `/webhooks/microsoft`. */
export const notifications = z.looseObject({
  value: z
    .array(
      z.looseObject({
        subscriptionId: maybeText,
        clientState: maybeText,
        lifecycleEvent: maybeText,
      }),
    )
    .max(5_000),
});
