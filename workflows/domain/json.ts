/** Any value that survives a JSON round trip. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Makes the compiler prove that a union was handled whole; throws on data that came from ourselves and should not exist. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}
