/** How long a recording is, which LINE asks for and shows beside the play button. */

/** Speech and music on phones, roughly. */
const ASSUMED_BYTES_PER_SECOND = 16_000;

/** From the movie header of an MP4 container; else a guess by size. At least one second. */
export function durationMsOf(bytes: Uint8Array): number {
  const ms = movieHeaderMs(bytes) ?? (bytes.byteLength / ASSUMED_BYTES_PER_SECOND) * 1000;
  return Math.max(1000, Math.round(ms));
}

/** `mvhd`: version, flags, two times of 4 bytes (8 in version 1), the time scale, the duration in it. */
function movieHeaderMs(bytes: Uint8Array): number | null {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('mvhd');
  if (at < 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = bytes[at + 4] === 1;
  const scaleAt = at + 8 + (long ? 16 : 8);
  if (scaleAt + 4 + (long ? 8 : 4) > bytes.byteLength) return null;
  const scale = view.getUint32(scaleAt);
  const duration = long ? Number(view.getBigUint64(scaleAt + 4)) : view.getUint32(scaleAt + 4);
  const ms = (duration / scale) * 1000;
  return scale > 0 && Number.isFinite(ms) && ms < 24 * 3_600_000 ? ms : null;
}
