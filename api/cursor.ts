/** Cursors of lists: opaque to clients, a list of texts to us. */
import { ApiError } from './middleware/errors.ts';

export function encodeCursor(...parts: string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** @throws ApiError 400 if this isn't a cursor of `length` parts that a list of ours gave */
export function decodeCursor(cursor: string | undefined, length: number): string[] | null {
  if (cursor === undefined) return null;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw badCursor();
  }
  if (!Array.isArray(parts) || parts.length !== length) throw badCursor();
  const texts = parts.filter((part): part is string => typeof part === 'string' && !part.includes('\u0000'));
  if (texts.length !== length) throw badCursor();
  return texts;
}

/** `?cursor=` of a list in the order of its ids: the last id already seen. @throws ApiError 400 */
export function idCursor(cursor: string | undefined): string | null {
  const id = decodeCursor(cursor, 1)?.[0] ?? null;
  if (id !== null && !/^[0-9a-f-]{36}$/i.test(id)) throw badCursor();
  return id;
}

export function badCursor(): ApiError {
  return new ApiError(
    400,
    'bad_cursor',
    'This cursor is not one that this list gave. Start again without it.',
  );
}

/** Cuts `rows` (one more than `limit` was asked for) into a page. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  cursorOf: (row: Row) => string,
): { items: Item[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(toItem),
    nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null,
  };
}
