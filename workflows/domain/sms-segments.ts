/** How many messages a carrier makes of one text, and so bills: GSM 03.38's alphabet while it lasts, else UTF-16. */

export interface SmsSegments {
  encoding: 'gsm7' | 'ucs2';
  /** What was counted: septets or UTF-16 units. */
  units: number;
  segments: number;
  /** Units one segment holds, now that there are so many. */
  perSegment: number;
  /** Units still free in the last segment. */
  remaining: number;
}

/** GSM 03.38, the default alphabet; the escape at 0x1B is no character. */
const basic = new Set(
  `@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà`,
);
/** Its extension table: an escape and a letter, which must stay together. */
const extended = new Set('\f^{}\\[~]|€');

const limits = {
  gsm7: { single: 160, several: 153 },
  ucs2: { single: 70, several: 67 },
} as const;

/** Segments of a text as phones put it together again. The empty text is one segment of nothing. */
export function smsSegments(text: string): SmsSegments {
  const characters = Array.from(text);
  const isGsm = characters.every((character) => basic.has(character) || extended.has(character));
  const encoding = isGsm ? 'gsm7' : 'ucs2';
  const sizes = characters.map((character) => (isGsm ? (extended.has(character) ? 2 : 1) : character.length));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const { single, several } = limits[encoding];
  if (units <= single) return { encoding, units, segments: 1, perSegment: single, remaining: single - units };
  const { segments, used } = pack(sizes, several);
  return { encoding, units, segments, perSegment: several, remaining: several - used };
}

/** An escaped letter and a surrogate pair are never cut in two: what doesn't fit begins the next segment. */
function pack(sizes: readonly number[], perSegment: number): { segments: number; used: number } {
  let segments = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > perSegment) {
      segments += 1;
      used = 0;
    }
    used += size;
  }
  return { segments, used };
}
