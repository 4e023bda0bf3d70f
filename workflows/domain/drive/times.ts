/** The protocol's times, in milliseconds. The architecture of reference: lease, claim, call. */

/** Timeout of a provider call made inside a local activity: below the workflow task's heartbeat. */
export const LOCAL_CALL_MS = 1_500;
/** Timeout of a provider call made by a regular activity. */
export const REGULAR_CALL_MS = 15_000;
/** The longest a flow's HTTP step may take. */
export const LONGEST_HTTP_MS = 60_000;
/** Age after which a claim may no longer begin a call. */
export const CLAIM_TTL_MS = 1_000;
/** Age after which nobody can still be calling under a claim: TTL + its call's timeout + slack. Stored with the claim. */
export function claimLifeMs(callTimeoutMs: number): number {
  return CLAIM_TTL_MS + callTimeoutMs + 2_000;
}
/** A lease untouched for this long is taken away by the sweeper; safe, because leases are fenced. */
export const LEASE_STALE_MS = 60_000;
/** A refused send waits at most this long with the lease kept; longer waits release it. */
export const LEASED_WAIT_MS = 30_000;
/** A refused send is tried again for this long. */
export const GIVE_UP_MS = 24 * 3_600_000;

/** Pause before try number `attempts` + 1: doubling from one second, at most 15 minutes, never shorter than the provider asked. */
export function backoffMs(attempts: number, retryAfterMs: number | undefined): number {
  const doubled = Math.min(1_000 * 2 ** Math.max(0, attempts - 1), 15 * 60_000);
  return Math.max(doubled, retryAfterMs ?? 0);
}
