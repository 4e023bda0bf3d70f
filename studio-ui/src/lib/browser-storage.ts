/** What this browser remembers. Storage may be blocked; then nothing is remembered, and nothing breaks. */
export function readText(key: string, storage: () => Storage = () => localStorage): string | null {
  try {
    return storage().getItem(key);
  } catch {
    return null;
  }
}
/** Null forgets it. */
export function keepText(
  key: string,
  value: string | null,
  storage: () => Storage = () => localStorage,
): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, value);
  } catch {
    // as above
  }
}
