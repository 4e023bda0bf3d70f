/** Steps → bars on a line, with long idle times collapsed to labelled gaps of a fixed width. Pure. */
import type { RunStep } from '../../lib/api/types.ts';

export interface Bar {
  kind: 'bar';
  step: RunStep;
  fromMs: number;
  /** Null: the run is still in this step. */
  toMs: number | null;
  /** Where it is drawn, in percent of the line. */
  left: number;
  width: number;
}
export interface Gap {
  kind: 'gap';
  fromMs: number;
  toMs: number;
  left: number;
  width: number;
}
export interface Timeline {
  bars: Bar[];
  gaps: Gap[];
}

/** Idle longer than this share of the busy time, and than a second, is folded. */
const FOLD_SHARE = 0.5;
const FOLD_MS = 10_000;
const GAP_SHARE = 0.06;
const LEAST_WIDTH = 0.8;

/**
 * A wait is a step that stays open long: its start is drawn as work, the rest as a gap. So the time line reads as what happened, not as
 * one bar of three days.
 */
export function timelineOf(steps: readonly RunStep[], nowMs: number): Timeline {
  const spans = steps.map((step, index) => {
    const fromMs = Date.parse(step.enteredAt);
    const nextMs = Date.parse(steps[index + 1]?.enteredAt ?? '');
    // One step at a time: a step has been left when the next was entered, whatever two clocks say.
    const leftMs = Math.min(Date.parse(step.leftAt ?? '') || Infinity, nextMs || Infinity);
    return { step, fromMs, toMs: leftMs === Infinity ? null : Math.max(fromMs, leftMs) };
  });
  const moments = [
    ...new Set(spans.flatMap((span) => [span.fromMs, span.toMs ?? Math.max(nowMs, span.fromMs)])),
  ].sort((a, b) => a - b);
  const pieces = moments.slice(1).map((toMs, index) => ({ fromMs: moments[index] ?? toMs, toMs }));
  const lengths = pieces.map((piece) => piece.toMs - piece.fromMs).sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const isGap = (length: number): boolean =>
    pieces.length > 1 &&
    length >= FOLD_MS &&
    length > total * FOLD_SHARE * (1 / pieces.length) &&
    length > median * 4;
  const folded = pieces.filter((piece) => isGap(piece.toMs - piece.fromMs));
  const busy = total - folded.reduce((sum, piece) => sum + piece.toMs - piece.fromMs, 0);
  const gapShare = Math.min(GAP_SHARE, 0.5 / Math.max(1, folded.length));
  const perMs = busy === 0 ? 0 : (1 - gapShare * folded.length) / busy;

  const positions = new Map<number, number>();
  const gaps: Gap[] = [];
  let at = 0;
  if (moments[0] !== undefined) positions.set(moments[0], 0);
  for (const piece of pieces) {
    const length = piece.toMs - piece.fromMs;
    const share = isGap(length) ? (busy === 0 ? 1 / folded.length : gapShare) : length * perMs;
    if (isGap(length)) gaps.push({ kind: 'gap', ...piece, left: at * 100, width: share * 100 });
    at += share;
    positions.set(piece.toMs, at);
  }
  const bars = spans.map((span): Bar => {
    const left = (positions.get(span.fromMs) ?? 0) * 100;
    const right = (positions.get(span.toMs ?? Math.max(nowMs, span.fromMs)) ?? 0) * 100;
    return {
      kind: 'bar',
      ...span,
      left: Math.min(left, 100 - LEAST_WIDTH),
      width: Math.max(LEAST_WIDTH, right - left),
    };
  });
  return { bars, gaps };
}
