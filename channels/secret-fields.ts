/** Which of an inbox's credentials are secret: `field`, or `group.field` where a group of them is nested. */
import type { Json, JsonObject } from '#domain/json.ts';

/** The secrets that are there. */
export function secretValues(credentials: JsonObject, secretFields: readonly string[]): string[] {
  return secretFields
    .map((path) => path.split('.').reduce<Json | undefined>(stepInto, credentials))
    .filter((value) => typeof value === 'string');
}

/** A copy without them: what may leave the server. */
export function withoutSecretFields(credentials: JsonObject, secretFields: readonly string[]): JsonObject {
  const kept = Object.entries(credentials).flatMap(([field, value]): [string, Json | undefined][] => {
    if (secretFields.includes(field)) return [];
    const nested = secretFields.flatMap((path) =>
      path.startsWith(`${field}.`) ? [path.slice(field.length + 1)] : [],
    );
    return [[field, nested.length > 0 && isObject(value) ? withoutSecretFields(value, nested) : value]];
  });
  return Object.fromEntries(kept) as JsonObject;
}

/** What is entered over what is stored: a nested group keeps what isn't entered anew, such as its password. */
export function mergedCredentials(stored: JsonObject, entered: JsonObject): JsonObject {
  const merged = Object.entries(entered).map(([field, value]) => {
    const before = stored[field];
    return [field, isObject(before) && isObject(value) ? { ...before, ...value } : value];
  });
  return { ...stored, ...Object.fromEntries(merged) } as JsonObject;
}

function stepInto(value: Json | undefined, field: string): Json | undefined {
  return isObject(value) ? value[field] : undefined;
}
function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
