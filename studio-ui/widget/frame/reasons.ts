/** The server's error codes, in the visitor's words. */
import type { FrameWord } from '../words/en.ts';

const reasons: Readonly<Record<string, FrameWord>> = {
  file_gone: 'fileGone',
  unsupported_media_type: 'wrongFile',
  too_large: 'fileIsTooLarge',
  rate_limited: 'tooMany',
  identity_required: 'signInFirst',
};

export const reasonWord = (code: string | undefined): FrameWord => reasons[code ?? ''] ?? 'refused';
