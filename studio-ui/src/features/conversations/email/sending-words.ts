/** What is said of a mail that is being written or sent. Pure. */
import { MOST_ATTACHED_BYTES } from '#domain/email.ts';

/** How long it can still be taken back. */
export function sendingWords(
  undoUntil: string | undefined,
  nowMs: number,
): { says: string; isHeld: boolean } {
  const leftMs = undoUntil === undefined ? 0 : Date.parse(undoUntil) - nowMs;
  return leftMs > 0
    ? { says: `Sending in ${Math.ceil(leftMs / 1000)} s`, isHeld: true }
    : { says: 'Sending', isHeld: false };
}

const megabytes = (size: number): string => (size / 1024 / 1024).toFixed(1);

/** "3.2 of 20 MB attached"; null where nothing is. */
export function attachedWords(totalBytes: number): { words: string; isOver: boolean } | null {
  if (totalBytes === 0) return null;
  const isOver = totalBytes > MOST_ATTACHED_BYTES;
  const most = MOST_ATTACHED_BYTES / 1024 / 1024;
  return isOver
    ? { words: `${megabytes(totalBytes)} MB attached, and a mail takes ${most} MB: take some off`, isOver }
    : { words: `${megabytes(totalBytes)} of ${most} MB attached`, isOver };
}
