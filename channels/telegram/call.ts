import type { JsonObject } from '#domain/json.ts';
import { ChannelError, type AdapterInbox, type MediaBytes } from '../contract.ts';
import { toChannelError } from '../http-error.ts';
import type { HttpClient, HttpResponse } from '../http.ts';
import { jsonOf } from '../json-body.ts';
import type { TelegramCredentials } from './definition.ts';
import { telegramError } from './errors.ts';
import { answer } from './wire.ts';

export type TelegramInbox = AdapterInbox<TelegramCredentials>;

/** A file that travels with the call, under the field's name. */
export interface Upload {
  field: string;
  media: MediaBytes;
}

/** One call of the Bot API. The token is in the path, so no URL is ever put into an error. @throws ChannelError */
export async function callBot(
  http: HttpClient,
  inbox: TelegramInbox,
  method: string,
  fields: JsonObject,
  signal: AbortSignal,
  upload?: Upload,
): Promise<unknown> {
  const { body, contentType } = upload ? await multipart(fields, upload) : asJson(fields);
  let response: HttpResponse;
  try {
    response = await http.request({
      method: 'POST',
      url: `${inbox.urls['api'] ?? ''}/bot${inbox.credentials.botToken}/${method}`,
      headers: { 'content-type': contentType },
      body,
      signal,
      trusted: true,
    });
  } catch (error) {
    throw toChannelError(error);
  }
  const read = answer.safeParse(jsonOf(response.body));
  if (read.success && read.data.ok && response.status === 200) return read.data.result;
  throw telegramError(response.status, read.success ? read.data : undefined);
}

/** The provider took the call, and its answer is not what the method promises: whether it was done is not known. */
export function unreadable(method: string): ChannelError {
  return new ChannelError('no_answer', `Telegram's answer to ${method} could not be read.`);
}

function asJson(fields: JsonObject): { body: string; contentType: string } {
  return { body: JSON.stringify(fields), contentType: 'application/json' };
}

async function multipart(
  fields: JsonObject,
  { field, media }: Upload,
): Promise<{ body: Uint8Array; contentType: string }> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    form.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  form.set(field, new Blob([Uint8Array.from(media.bytes)], { type: media.mimeType }), media.name ?? field);
  const encoded = new Response(form);
  return {
    body: new Uint8Array(await encoded.arrayBuffer()),
    contentType: encoded.headers.get('content-type') ?? '',
  };
}
