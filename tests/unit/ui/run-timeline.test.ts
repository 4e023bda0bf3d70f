import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunStep } from '../../../studio-ui/src/lib/api/types.ts';
import { timelineOf } from '../../../studio-ui/src/features/runs/run-timeline.ts';

const start = Date.parse('2026-03-12T10:00:00Z');
/** Steps one after the other, each as long as said. */
function stepsLasting(...durationsMs: number[]): RunStep[] {
  let at = start;
  return durationsMs.map((ms, index): RunStep => {
    const enteredAt = new Date(at).toISOString();
    at += ms;
    return {
      stepNo: index + 1,
      stepId: `s${index}`,
      kind: 'send',
      enteredAt,
      leftAt: new Date(at).toISOString(),
    };
  });
}
const HOUR = 3_600_000;

describe('a run’s timeline', () => {
  it('folds a long wait between short steps into one gap that says how long it was', () => {
    const { gaps, bars } = timelineOf(stepsLasting(20, 30, 5 * HOUR, 25), start + 6 * HOUR);
    expect(gaps.map((gap) => gap.toMs - gap.fromMs)).toEqual([5 * HOUR]);
    expect(gaps[0]?.width).toBeLessThan(10);
    // What was work keeps its room.
    expect(bars[3]?.width).toBeGreaterThan(20);
  });

  it('folds nothing where nothing stands out, or all is quick', () => {
    expect(timelineOf(stepsLasting(500, 700, 600), start).gaps).toEqual([]);
    expect(timelineOf(stepsLasting(10, 9_000, 10), start).gaps).toEqual([]);
    expect(timelineOf(stepsLasting(HOUR, HOUR, HOUR), start + 3 * HOUR).gaps).toEqual([]);
  });

  it('lets an open step last until now', () => {
    const [done, ...rest] = stepsLasting(20, 40, 10);
    const open = { ...rest[0], leftAt: undefined } as RunStep;
    const { bars } = timelineOf(done ? [done, open] : [], start + 2 * HOUR);
    expect(bars[1]?.toMs).toBeNull();
    expect((bars[1]?.left ?? 0) + (bars[1]?.width ?? 0)).toBeCloseTo(100, 5);
  });

  it('never lets a step outlast the entry of the next', () => {
    const [first, second] = stepsLasting(100, 100);
    if (!first || !second) throw new Error('two steps were made');
    const late = { ...first, leftAt: new Date(start + 150).toISOString() };
    expect(timelineOf([late, second], start + 200).bars[0]?.toMs).toBe(start + 100);
  });

  it('stays within the line and in order, whatever the durations', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 * HOUR }), { minLength: 1, maxLength: 30 }),
        (durations) => {
          const { bars, gaps } = timelineOf(stepsLasting(...durations), start);
          for (const piece of [...bars, ...gaps]) {
            expect(piece.left).toBeGreaterThanOrEqual(-1e-6);
            expect(piece.left + piece.width).toBeLessThanOrEqual(100.9);
            expect(piece.width).toBeGreaterThanOrEqual(0);
          }
          for (const [index, bar] of bars.entries())
            expect(bar.left).toBeGreaterThanOrEqual((bars[index - 1]?.left ?? 0) - 1e-6);
        },
      ),
    );
  });

  it('is empty for a run without steps', () => {
    expect(timelineOf([], start)).toEqual({ bars: [], gaps: [] });
  });
});
