/** What an account event means for receiving and sending. Silence means: nothing that we know of. */
import type { AccountEvent } from '../contract.ts';
import type { Value } from './wire.ts';

type Health = Pick<AccountEvent, 'inbound' | 'outbound'>;

export function accountHealth(field: string, value: Value): Health {
  const reader = Object.hasOwn(readers, field) ? readers[field] : undefined;
  return reader?.(value) ?? {};
}

const readers: Readonly<Record<string, (value: Value) => Health>> = {
  account_update: accountUpdate,
  account_review_update: (value) =>
    textAt(value, 'decision') === 'REJECTED'
      ? { outbound: { state: 'degraded', reason: 'Meta’s review of the account ended with: REJECTED.' } }
      : {},
  phone_number_quality_update: (value) => {
    const event = textAt(value, 'event');
    if (event === 'FLAGGED')
      return {
        outbound: { state: 'degraded', reason: 'Meta flagged the number for its quality (FLAGGED).' },
      };
    return event === 'UNFLAGGED' ? { outbound: { state: 'ok' } } : {};
  },
  phone_number_name_update: (value) => {
    if (textAt(value, 'decision') !== 'REJECTED') return {};
    const reason = textAt(value, 'rejection_reason') || 'no reason given';
    return { outbound: { state: 'degraded', reason: `Meta rejected the display name: ${reason}.` } };
  },
};

function accountUpdate(value: Value): Health {
  const event = textAt(value, 'event');
  if (GONE.has(event)) {
    const reason = `Meta says of the account: ${event}. Connect the inbox again.`;
    return { inbound: { state: 'failing', reason }, outbound: { state: 'failing', reason } };
  }
  if (event === 'ACCOUNT_RECONNECTED') return { inbound: { state: 'ok' }, outbound: { state: 'ok' } };
  if (event === 'DISABLED_UPDATE') {
    const state = textAt(value, 'ban_info', 'waba_ban_state');
    if (state === 'REINSTATE') return { outbound: { state: 'ok' } };
    const reason = `Meta says of the account: ${state || event}. See the Business Support Home.`;
    return { outbound: { state: state === 'DISABLE' ? 'failing' : 'degraded', reason } };
  }
  if (event === 'ACCOUNT_VIOLATION') {
    const violation = textAt(value, 'violation_info', 'violation_type') || 'no type given';
    return { outbound: { state: 'degraded', reason: `Meta reports a policy violation: ${violation}.` } };
  }
  if (event !== 'ACCOUNT_RESTRICTION') return {};
  const types = restrictionsOf(value);
  const answersToo = types.some((type) => type.includes('CUSTOMER_INITIATED'));
  const reason = `Meta restricted the account: ${types.join(', ') || 'no type given'}.`;
  return { outbound: { state: answersToo ? 'failing' : 'degraded', reason } };
}

const GONE = new Set(['ACCOUNT_DELETED', 'ACCOUNT_OFFBOARDED', 'PARTNER_REMOVED', 'PARTNER_APP_UNINSTALLED']);

function restrictionsOf(value: Value): string[] {
  const list: unknown = value['restriction_info'];
  if (!Array.isArray(list)) return [];
  return list.map((each) => textAt(each, 'restriction_type')).filter((type) => type !== '');
}

function textAt(value: unknown, ...path: string[]): string {
  let place: unknown = value;
  for (const key of path) {
    if (place === null || typeof place !== 'object') return '';
    place = (place as Readonly<Record<string, unknown>>)[key];
  }
  return typeof place === 'string' ? place : '';
}
