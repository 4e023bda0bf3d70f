/** UUID version 7: 48 bits of Unix milliseconds, then randomness, so that ids sort by time and tables partition by month on them. */
export function uuidV7(nowMs: number = Date.now()): string {
  const time = nowMs.toString(16).padStart(12, '0');
  const version = 0x7000 | (random16() & 0x0fff);
  const variant = 0x8000 | (random16() & 0x3fff);
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex4(version)}-${hex4(variant)}-${hex4(random16())}${hex4(random16())}${hex4(random16())}`;
}

/** Randomness is drawn in advance: each draw costs as much as a hundred ids. */
const drawn = new Uint16Array(1024);
let used = drawn.length;
function random16(): number {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  return drawn[used++] ?? 0;
}
const hex4 = (value: number): string => value.toString(16).padStart(4, '0');

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}
