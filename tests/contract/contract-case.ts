/** What a channel's case in the contract suite is made of; the case itself is in `tests/contract/<type>/case.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ChannelType, ProviderApps, SendFailureKind } from '#domain/channel.ts';
import type { JsonObject } from '#domain/json.ts';
import type { AdapterInbox, OutboundMessage, RawRequest } from '#channels/contract.ts';

export interface ContractCase {
  inbox: AdapterInbox;
  /** Bodies as the provider sends them, by name. */
  samples: Record<string, Uint8Array>;
  /** How its bodies are written, and so how they are mutated; absent = json. */
  encoding?: BodyEncoding;
  /** The body of a plain text message. */
  textBody: (text: string) => Uint8Array;
  /** The part that text becomes; absent = text. In a call it is speech. */
  textPart?: 'text' | 'comment' | 'call';
  /** The provider's request with this body, signed. */
  request: (body: Uint8Array) => RawRequest;
  /** The headers that prove where a request comes from, and whether they also prove its body. */
  proof: { headers: string[]; coversBody: boolean };
  /** Bodies of several events in which one is odd, and how many must come out. */
  batches: { body: JsonObject; events: number }[];
  /** How the adapter reaches its provider; absent where there is none. */
  wire?: {
    inboxAt: (baseUrl: string) => AdapterInbox;
    refusals: [status: number, body: JsonObject, kind: SendFailureKind][];
    /** What `send` of a message needs beside its parts, where the channel has no plain conversations (a comment to answer). */
    message?: Partial<OutboundFields>;
    /** Answers sends as the provider would; absent = 200 with `{}` is an acceptance. */
    accept?: (request: Request, path: string) => Promise<Response> | Response;
  };
}
type OutboundFields = Pick<
  OutboundMessage,
  'contactExternalId' | 'threadKey' | 'replyAddress' | 'inReplyTo' | 'lastInAtMs'
>;
export type BodyEncoding = 'json' | 'form';

export const nowMs = Date.UTC(2026, 10, 22, 20);
export const inboxId = '0199a1b2-0000-7000-8000-000000000001';

export const jsonBytes = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));

export function inboxOf(
  type: ChannelType,
  credentials: JsonObject,
  options: { accountKey?: string; settings?: JsonObject; apps?: ProviderApps } = {},
): AdapterInbox {
  return {
    id: inboxId,
    workspaceId: '0199a1b2-0000-7000-8000-000000000003',
    type,
    name: 'Contract',
    accountKey: options.accountKey ?? 'account',
    sandbox: false,
    credentials,
    settings: options.settings ?? {},
    urls: {},
    apps: options.apps ?? {},
  };
}

/** Requests as they come: JSON unless `headers` say another type. */
export function post(
  headers: Record<string, string>,
  url = `https://teloring.example/webhooks/x/${inboxId}`,
): (body: Uint8Array) => RawRequest {
  return (body) => ({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    body,
    receivedAtMs: nowMs,
  });
}

/** `channels/<type>/samples/*.json`, and `*.form` for form-encoded bodies (one line, without a line break at its end). */
export function samplesOf(type: ChannelType): Record<string, Uint8Array> {
  const folder = new URL(`../../channels/${type}/samples/`, import.meta.url);
  const names = readdirSync(folder).filter((name) => /\.(json|form)$/.test(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(new URL(name, folder))]));
}
