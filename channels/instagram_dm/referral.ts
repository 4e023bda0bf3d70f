import type { JsonObject } from '#domain/json.ts';
import type * as wire from '../instagram/wire.ts';

/** Where somebody came from: an ad, a link with `ref`, a product of the shop. */
export function referralFacts(referral: NonNullable<wire.Message['referral']>): JsonObject {
  const facts = {
    ref: referral.ref,
    source: referral.source,
    type: referral.type,
    adId: referral.ad_id,
    adTitle: referral.ads_context_data?.ad_title,
    postId: referral.ads_context_data?.post_id,
    productId: referral.product?.id,
    uri: referral.referer_uri,
  };
  return Object.fromEntries(
    Object.entries(facts).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
