/** Budgets (DESIGN §7) against numbers, as a table for people and JSON for machines. */
import type { CrashNumbers } from './crash.ts';
import { WIDGET_BUDGETS, type WidgetSizes } from '../support/widget-sizes.ts';
import type { Numbers } from './measure.ts';

export interface BenchResult {
  at: string;
  mode: string;
  cpus: string;
  node: string;
  a: Numbers;
  b: Numbers;
  product: Numbers;
  crash: Record<string, CrashNumbers>;
  burst: number;
  /** Of the built chat widget; bytes after gzip. */
  widget: WidgetSizes;
}
export interface Verdict {
  what: string;
  floor: string;
  product: string;
  ratio: string;
  budget: string;
  met: boolean;
}

export function judge(result: BenchResult): Verdict[] {
  const { a, b, product } = result;
  const ratio = (
    what: string,
    key: string,
    floor: Numbers,
    limit: number,
    kind: 'most' | 'least',
    unit: string,
    floorKey = key,
  ): Verdict => {
    const [mine, theirs] = [product[key] ?? Number.NaN, floor[floorKey] ?? Number.NaN];
    const value = mine / theirs;
    return {
      what,
      floor: `${floor === a ? 'A' : 'B'} ${number(theirs)} ${unit}`,
      product: `${number(mine)} ${unit}`,
      ratio: `${value.toFixed(2)} ×`,
      budget: `${kind === 'most' ? '≤' : '≥'} ${limit} ×`,
      met: kind === 'most' ? value <= limit : value >= limit,
    };
  };
  const latest = (1.3 * result.burst * 1000) / (b['steady.perSecond'] ?? Number.NaN);
  const lastReply = product['burst.lastReply'] ?? Number.NaN;
  return [
    ratio('ack p50, sequential', 'sequential.ack.p50', a, 1.5, 'most', 'ms'),
    ratio('ack p50, 32 senders', 'flood.ack.p50', a, 1.5, 'most', 'ms'),
    ratio('reply p50, sequential', 'sequential.reply.p50', b, 1.3, 'most', 'ms'),
    ratio('replies per second, 32 senders', 'steady.perSecond', b, 0.85, 'least', '/s'),
    ratio('CPU per message', 'steady.cpu', b, 1.15, 'most', 'ms'),
    ratio('burst: accepted per second', 'burst.acceptedPerSecond', a, 0.6, 'least', '/s'),
    ratio('burst: drained per second', 'burst.drainedPerSecond', b, 1, 'least', '/s', 'steady.perSecond'),
    {
      what: 'burst: last reply',
      floor: '',
      product: `${number(lastReply / 1000)} s`,
      ratio: '',
      budget: `≤ ${number(latest / 1000)} s`,
      met: lastReply <= latest,
    },
    size('chat widget before it is opened', result.widget.beforeOpening, WIDGET_BUDGETS.beforeOpening),
    size('chat widget, the chat itself', result.widget.frame, WIDGET_BUDGETS.frame),
    ...Object.entries(result.crash).flatMap(([kind, numbers]) => crashVerdicts(kind, numbers)),
  ];
}

function size(what: string, bytes: number, limit: number): Verdict {
  const kilobytes = (value: number): string => `${number(value / 1000)} kB`;
  return {
    what: `${what}, gzip`,
    floor: '',
    product: kilobytes(bytes),
    ratio: '',
    budget: `≤ ${kilobytes(limit)}`,
    met: bytes <= limit,
  };
}

function crashVerdicts(kind: string, numbers: CrashNumbers): Verdict[] {
  const row = (what: string, product: string, budget: string, met: boolean): Verdict => ({
    what: `kill -9 (${kind}): ${what}`,
    floor: '',
    product,
    ratio: '',
    budget,
    met,
  });
  return [
    row('lost', String(numbers.lost), '0', numbers.lost === 0),
    row('doubled', String(numbers.doubled), '0', numbers.doubled === 0),
    row(
      'first reply after ready',
      `${number(numbers.firstReplyMs / 1000)} s`,
      '≤ 5 s',
      numbers.firstReplyMs <= 5_000,
    ),
    row('invariants I1–I6', numbers.invariants, 'hold', numbers.invariants === 'hold'),
  ];
}

export function render(result: BenchResult): string {
  const { a, b, product } = result;
  const names = [...new Set([a, b, product].flatMap((numbers) => Object.keys(numbers)))];
  const show = (value: number | undefined): string => (value === undefined ? '' : number(value));
  const all = table(
    ['median of rounds', 'floor A', 'floor B', 'product'],
    names.map((name) => [name, show(a[name]), show(b[name]), show(product[name])]),
  );
  const verdicts = judge(result);
  const budgets = table(
    ['budget', 'floor', 'product', 'ratio', 'allowed', ''],
    verdicts.map((v) => [v.what, v.floor, v.product, v.ratio, v.budget, v.met ? 'met' : 'MISSED']),
  );
  const crash = Object.entries(result.crash).map(
    ([kind, n]) =>
      `kill -9, ${kind} inbox: ${n.messages} messages, ${n.unknown} marked unknown (${n.unknownArrived} of them had arrived), ready again after ${number(n.restartMs / 1000)} s.`,
  );
  const missed = verdicts.filter(({ met }) => !met).length;
  return [
    all,
    '',
    budgets,
    '',
    ...crash,
    missed === 0 ? 'Every budget is met.' : `${missed} of ${verdicts.length} budgets missed.`,
  ].join('\n');
}

function number(value: number): string {
  return Number.isFinite(value) ? value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0) : '–';
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
