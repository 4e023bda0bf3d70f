/** A customer's free fields as rows of a form, and back. Pure. */
import type { Json, JsonObject } from '#domain/json.ts';

export interface CustomField {
  id: number;
  name: string;
  value: string;
}

export function customFieldsOf(fields: JsonObject): CustomField[] {
  return Object.entries(fields).map(([name, value], index) => ({
    id: index,
    name,
    value: shownValue(value),
  }));
}
export function shownValue(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What wasn't edited keeps its type: a number stays one, an object isn't turned into its text. */
export function fieldsFrom(rows: readonly CustomField[], before: JsonObject): JsonObject {
  const filled = rows
    .map((row) => ({ name: row.name.trim(), value: row.value }))
    .filter((row) => row.name !== '');
  return Object.fromEntries(
    filled.map(({ name, value }) => {
      const old = before[name];
      return [name, old !== undefined && shownValue(old) === value ? old : value];
    }),
  );
}
