/** Content-Transfer-Encoding undone. Tolerant: what isn't of the encoding is passed over or left as it is. */

export function decodeTransfer(bytes: Uint8Array, encoding: string): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(buffer.toString('latin1').replace(/[^A-Za-z0-9+/]+/g, ''), 'base64');
    case 'quoted-printable':
      return decodeQuotedPrintable(buffer);
    default:
      return buffer;
  }
}

export function decodeQuotedPrintable(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte !== 0x3d) {
      out[length++] = byte;
      continue;
    }
    const high = hexOf(bytes[at + 1]);
    const low = hexOf(bytes[at + 2]);
    if (high >= 0 && low >= 0) {
      out[length++] = high * 16 + low;
      at += 2;
      continue;
    }
    const end = softBreakEnd(bytes, at + 1);
    if (end < 0) out[length++] = byte;
    else at = end;
  }
  return out.subarray(0, length);
}

/** The index of the line feed that ends a soft break; -1 where `=` is none. */
function softBreakEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return at + 1;
  if (bytes[at] === 0x0a) return at;
  return at >= bytes.length ? bytes.length : -1;
}

function hexOf(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
