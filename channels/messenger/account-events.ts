import type { Json } from '#domain/json.ts';
import type { ChannelEvent } from '../contract.ts';
import type { Frame } from './parse.ts';
import * as wire from './wire.ts';

/** Another app took, gave or asked for a conversation. Told for Diagnostics; what may be answered is settled by standby and by Meta. */
export function readHandover(
  change: string,
): (value: Json, frame: Frame | null, content: wire.Item) => ChannelEvent[] {
  return (value, frame, content) => {
    const read = wire.handover.safeParse(value);
    if (!read.success) return [];
    const {
      new_owner_app_id: newOwner,
      previous_owner_app_id: previousOwner,
      requested_owner_app_id: requested,
    } = read.data;
    return [
      {
        kind: 'account',
        eventId: [change, frame?.contact.externalId ?? '', content.timestamp ?? ''].join(':'),
        change,
        facts: {
          contact: frame?.contact.externalId ?? null,
          newOwnerAppId: newOwner ?? null,
          previousOwnerAppId: previousOwner ?? null,
          ...(requested === undefined ? {} : { requestedOwnerAppId: requested }),
        },
      },
    ];
  };
}

/** Meta has blocked the page for breaking a policy, or taken that back. */
export function readPolicy(value: Json, _: Frame | null, content: wire.Item): ChannelEvent[] {
  const read = wire.policy.safeParse(value);
  if (!read.success) return [];
  const { action = 'unknown', reason } = read.data;
  const blocked = action !== 'unblock';
  return [
    {
      kind: 'account',
      eventId: ['policy_enforcement', action, content.timestamp ?? ''].join(':'),
      change: 'policy_enforcement',
      outbound: blocked ? { state: 'failing', reason: `Meta: ${reason ?? action}` } : { state: 'ok' },
      facts: { action, reason: reason ?? null },
    },
  ];
}
