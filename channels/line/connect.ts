import { ChannelError, type Connected } from '../contract.ts';
import type { HttpClient } from '../http.ts';
import { callLine, unreadable, type LineInbox } from './call.ts';
import type { LineCredentials } from './definition.ts';
import { readEndpoint, setEndpoint, SWITCH_IT_ON, testEndpoint } from './webhook-endpoint.ts';
import { botInfo } from './wire.ts';

/** Asks who the bot is and points its webhook at us; LINE knows one webhook per channel. @throws ChannelError */
export async function connectLine(
  http: HttpClient,
  inbox: LineInbox,
  webhookUrl: string,
  signal: AbortSignal,
): Promise<Connected<LineCredentials>> {
  const read = botInfo.safeParse(await callLine(http, inbox, { path: '/v2/bot/info', signal }));
  if (!read.success) throw unreadable('who the bot is');
  const { userId, basicId, displayName, pictureUrl, chatMode } = read.data;
  const warnings = await registerWebhook(http, inbox, webhookUrl, signal);
  if (chatMode === 'chat')
    warnings.push(
      'The account’s response mode is “Chat”: people also answer in LINE Official Account Manager, and its greeting and auto-reply messages stay on until they are switched off there.',
    );
  const { channelSecret, channelAccessToken } = inbox.credentials;
  return {
    accountKey: userId,
    accountLabel: displayName ? `${displayName}${basicId ? ` (${basicId})` : ''}` : (basicId ?? userId),
    credentials: {
      channelSecret,
      channelAccessToken,
      ...(pictureUrl?.startsWith('https://') ? { pictureUrl } : {}),
    },
    warnings,
  };
}

/** An address that LINE won't take is a warning: the bot can send, and receives once PUBLIC_URL is mended. */
async function registerWebhook(
  http: HttpClient,
  inbox: LineInbox,
  url: string,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    await setEndpoint(http, inbox, url, signal);
  } catch (error) {
    if (!(error instanceof ChannelError) || error.providerCode !== '400') throw error;
    return [
      `No messages arrive yet: LINE refused our webhook address (${error.message}). It needs a public https PUBLIC_URL; correct it and connect again.`,
    ];
  }
  const { active } = await readEndpoint(http, inbox, signal);
  return [
    ...(active ? [] : [`No messages arrive yet. ${SWITCH_IT_ON}`]),
    ...(await tested(http, inbox, url, signal)),
  ];
}

/** An inbox that isn't stored yet is answered 404: then LINE has reached us, and that is what the test is for. */
async function tested(
  http: HttpClient,
  inbox: LineInbox,
  url: string,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    const failure = await testEndpoint(http, inbox, url, signal);
    return failure === null || failure.statusCode === 404 ? [] : [failure.reason];
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // The endpoint is set; that it can't be tried now (60 tests an hour) spoils nothing.
    return [`Whether LINE reaches us could not be tried: ${error.message}`];
  }
}
