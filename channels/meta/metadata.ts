/** What we hang on a message and Meta repeats in its echo: the key of the send. */

const PRIVATE_REPLY = 'comment:';

/** Of a private reply to a comment: it belongs to the comment's conversation, though its echo comes as a direct message. */
export function privateReplyMetadata(key: string): string {
  return PRIVATE_REPLY + key;
}
export function isPrivateReply(metadata: string | undefined): boolean {
  return metadata?.startsWith(PRIVATE_REPLY) === true;
}

/** Our key, unless another app speaks: what it hangs on its messages is its own business. */
export function echoKey(
  echo: { app_id?: string | undefined; metadata?: string | undefined },
  appId: string | undefined,
): string | undefined {
  const foreign = appId !== undefined && echo.app_id !== undefined && echo.app_id !== appId;
  return foreign || !echo.metadata ? undefined : echo.metadata;
}
