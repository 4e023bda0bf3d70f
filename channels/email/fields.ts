/** The fields of a mail's head, in order, as they came. */
import { parseAddressHeader, type HeaderLines } from 'mailparser';

export interface Field {
  /** In lower case. */
  name: string;
  /** Unfolded; encoded words as they came. */
  value: string;
}
export type Fields = readonly Field[];

/** mailparser gives a line byte by byte, folds and all. */
export function readFields(lines: HeaderLines): Fields {
  return lines.map(({ key, line }) => ({
    name: key,
    value: Buffer.from(line.slice(line.indexOf(':') + 1), 'latin1')
      .toString()
      .replaceAll(/\s*\r?\n\s*/g, ' ')
      .trim(),
  }));
}

/** The first field of a name; '' where there is none. */
export function fieldOf(fields: Fields, name: string): string {
  return fields.find((field) => field.name === name)?.value ?? '';
}
export function fieldsOf(fields: Fields, name: string): string[] {
  return fields.filter((field) => field.name === name).map(({ value }) => value);
}

const ofAddresses = /^(reply-to|sender|return-path|delivered-to|x-forwarded-to|list-id)$/;

/** The first field of a name as people read it. */
export function shownField(fields: Fields, name: string): string {
  const value = fieldOf(fields, name).slice(0, 10_000);
  return ofAddresses.test(name) && value.includes('=?') ? parseAddressHeader(value).text : value;
}
