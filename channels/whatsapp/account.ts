/** What Meta says of the account and its numbers: quality, restrictions, templates, the app's own history. */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '#domain/json.ts';
import type { AccountEvent } from '../contract.ts';
import { accountHealth } from './account-health.ts';
import type { WhatsappCredentials } from './definition.ts';
import type { Value } from './wire.ts';

/** Where an event stands: its time makes it another event than an equal one of another day. */
export interface Place {
  wabaId: string | undefined;
  time: number | undefined;
}

/**
 * A field that isn't about messages, as an account event. Null where it names another number of the same account, which has an inbox
 * of its own or none.
 */
export function accountFieldEvent(
  field: string,
  value: Value,
  place: Place,
  { displayPhoneNumber }: Pick<WhatsappCredentials, 'displayPhoneNumber'>,
): AccountEvent | null {
  const named = digitsOf(value['display_phone_number']);
  const ours = digitsOf(displayPhoneNumber);
  if (named !== '' && ours !== '' && named !== ours) return null;
  const known = Object.hasOwn(factsByField, field) ? factsByField[field] : undefined;
  const facts = known ? known(value) : {};
  return { ...accountEvent(field, facts, place), ...accountHealth(field, value) };
}

/** Its id: the same on every delivery of the same facts, and no other. */
export function accountEvent(change: string, facts: JsonObject, { wabaId, time }: Place): AccountEvent {
  const digest = createHash('sha256')
    .update(JSON.stringify([change, facts]))
    .digest('base64url')
    .slice(0, 22);
  const eventId = ['account', wabaId, time, change, digest].filter((part) => part !== undefined).join(':');
  return { kind: 'account', eventId, change, facts };
}

const pick =
  (...keys: string[]) =>
  (value: Value): JsonObject =>
    Object.fromEntries(keys.flatMap((key) => factOf(key, value[key])));

/** Plain facts only, and short: they are shown in Diagnostics. */
function factOf(key: string, fact: unknown): [string, Json][] {
  if (typeof fact === 'string') return [[key, fact.slice(0, 500)]];
  if (typeof fact === 'number' || typeof fact === 'boolean') return [[key, fact]];
  return [];
}

/** Facts one level down, under the same names. */
const inside =
  (field: string, ...keys: string[]) =>
  (value: Value): JsonObject => {
    const inner: unknown = value[field];
    const objects = Array.isArray(inner) ? inner : [inner];
    const first: unknown = objects[0];
    if (first === null || typeof first !== 'object') return {};
    return Object.fromEntries(
      keys.flatMap((key) => factOf(key, (first as Readonly<Record<string, unknown>>)[key])),
    );
  };

const all =
  (...readers: ((value: Value) => JsonObject)[]) =>
  (value: Value): JsonObject =>
    Object.assign({}, ...readers.map((reader) => reader(value))) as JsonObject;

const factsByField: Readonly<Record<string, (value: Value) => JsonObject>> = {
  account_update: all(
    pick('event', 'phone_number', 'country'),
    inside('ban_info', 'waba_ban_state', 'waba_ban_date'),
    inside('restriction_info', 'restriction_type', 'expiration'),
    inside('violation_info', 'violation_type'),
    inside('disconnection_info', 'reason'),
  ),
  account_review_update: pick('decision'),
  account_alerts: all(
    pick('entity_type', 'entity_id'),
    pick('alert_severity', 'alert_status', 'alert_type', 'alert_description'),
    inside('alert_info', 'alert_severity', 'alert_status', 'alert_type', 'alert_description'),
  ),
  business_capability_update: pick(
    'max_daily_conversation_per_phone',
    'max_daily_conversations_per_business',
    'max_phone_numbers_per_business',
    'max_phone_numbers_per_waba',
  ),
  business_status_update: pick('business_id', 'event'),
  message_template_components_update: pick(
    'message_template_id',
    'message_template_name',
    'message_template_language',
  ),
  message_template_quality_update: pick(
    'message_template_id',
    'message_template_name',
    'message_template_language',
    'previous_quality_score',
    'new_quality_score',
  ),
  message_template_status_update: all(
    pick(
      'event',
      'message_template_id',
      'message_template_name',
      'message_template_language',
      'message_template_category',
      'reason',
    ),
    inside('other_info', 'title', 'description'),
    inside('rejection_info', 'reason', 'recommendation'),
  ),
  payment_configuration_update: pick('configuration_name', 'provider_name', 'status'),
  phone_number_name_update: pick(
    'display_phone_number',
    'decision',
    'requested_verified_name',
    'rejection_reason',
  ),
  phone_number_quality_update: pick(
    'display_phone_number',
    'event',
    'current_limit',
    'old_limit',
    'max_daily_conversations_per_business',
  ),
  security: pick('display_phone_number', 'event', 'requester'),
  template_category_update: pick(
    'message_template_id',
    'message_template_name',
    'message_template_language',
    'previous_category',
    'new_category',
    'correct_category',
  ),
};

function digitsOf(phone: unknown): string {
  return typeof phone === 'string' || typeof phone === 'number' ? String(phone).replaceAll(/\D/g, '') : '';
}
