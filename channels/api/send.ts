import type { Json, JsonObject } from '#domain/json.ts';
import { isMedia, type Part } from '#domain/message.ts';
import { beforeSend } from '../before-send.ts';
import { ChannelError, type AdapterInbox, type SendOptions, type Sent } from '../contract.ts';
import { HttpError, toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { signBody } from '../hmac.ts';
import { excerptOf, jsonOf } from '../json-body.ts';
import { retryAfterMs } from '../retry-after.ts';
import type { ApiCredentials } from './definition.ts';
import { callbackAnswer } from './wire.ts';

export interface CallbackBody {
  event: 'message.created';
  /** The outbox row's id: the same on every attempt. */
  eventId: string;
  inboxId: string;
  conversationId: string;
  message: { id: string; text: string; parts: Part[] };
  to: { id: string };
  /** Id of the message that is quoted. */
  inReplyTo?: string;
}

/** 2xx is acceptance, whatever its body; every other answer is a refusal and is tried again. @throws ChannelError */
export async function postCallback(
  http: HttpClient,
  inbox: AdapterInbox<ApiCredentials>,
  content: CallbackBody,
  options: SendOptions,
): Promise<Sent> {
  const { callbackUrl, secret } = inbox.credentials;
  if (!secret)
    throw new ChannelError('reauthorize', 'This inbox has no secret to sign with; connect it again.');
  const parts = await Promise.all(content.message.parts.map((part) => withUrl(part, options)));
  const body = JSON.stringify({ ...content, message: { ...content.message, parts } });
  try {
    const answer = await http.request({
      method: 'POST',
      url: callbackUrl,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': options.key,
        'x-teloring-signature': signBody(secret, body, Date.now()),
      },
      body,
      signal: options.signal,
    });
    return settle(answer, options.key);
  } catch (error) {
    // The status line came, the rest didn't: the status decides.
    if (error instanceof HttpError && error.status !== undefined)
      return settle({ status: error.status, headers: error.headers, body: new Uint8Array() }, options.key);
    throw toChannelError(error);
  }
}

function settle(answer: HttpResponse, key: string): Sent {
  if (answer.status >= 200 && answer.status < 300) {
    const read = callbackAnswer.safeParse(jsonOf(answer.body));
    return { providerMessageId: (read.success ? read.data.id : null) ?? key };
  }
  const said = excerptOf(answer.body);
  throw new ChannelError(
    'retry_after',
    `The callback answered ${answer.status}${said === '' ? '.' : `: ${said}`}`,
    {
      retryAfterMs: retryAfterMs(answer.headers['retry-after'], Date.now()),
      providerCode: String(answer.status),
    },
  );
}

async function withUrl(part: Part, options: SendOptions): Promise<JsonObject> {
  const json = part as unknown as { [key: string]: Json };
  if (!isMedia(part) || !options.mediaUrl) return json;
  return { ...json, url: await beforeSend('The file', options.mediaUrl(part.mediaId)) };
}
