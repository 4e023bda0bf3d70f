import type { RawRequest, Verdict } from '../contract.ts';
import { verifyMetaSignature } from '../meta/signature.ts';
import type { InstagramInbox } from './call.ts';

/** Instagram Login's app has a secret of its own; by Facebook Login it is the Meta app's. */
export function verifyInstagram(inbox: InstagramInbox, request: RawRequest): Verdict {
  const secrets = [inbox.apps.instagram?.secret, inbox.apps.meta?.secret];
  return verifyMetaSignature(
    secrets.filter((secret) => secret !== undefined),
    request,
  );
}
