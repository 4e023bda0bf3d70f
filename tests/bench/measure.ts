/** One round of each kind against one subject, and what comes out of it as plain numbers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from './cpu.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import { median, percentile } from './statistics.ts';
import type { Load, Target } from './subjects.ts';

export interface Sizes {
  rounds: number;
  sequential: number;
  /** Messages of the 32 senders that wait for replies, and of those that wait for acknowledgements only. */
  steady: number;
  flood: number;
  burst: number;
  burstRounds: number;
  visible: number;
  crash: number;
}
/** Numbers of one round by name; a series collects rounds. */
export type Numbers = Record<string, number>;
export type Series = Record<string, number[]>;

export interface Subject extends Target {
  name: 'a' | 'b' | 'product';
  /** Its process, then Temporal's and Postgres's where it uses them. */
  pids: number[];
}
export interface Measuring {
  load: Load;
  tag: () => string;
}

export function collect(series: Series, numbers: Numbers): void {
  for (const [name, value] of Object.entries(numbers)) (series[name] ??= []).push(value);
}
export function medians(series: Series): Numbers {
  return Object.fromEntries(Object.entries(series).map(([name, values]) => [name, median(values)]));
}

function order({ tag }: Measuring, subject: Subject, count: number, rest: Partial<LoadOrder>): LoadOrder {
  return {
    tag: tag(),
    target: subject.url,
    ...(subject.secret === undefined ? {} : { secret: subject.secret }),
    count,
    senders: 1,
    until: subject.name === 'a' ? 'acked' : 'replied',
    // Each person writes four messages: a quarter of them begins a conversation.
    contacts: Math.ceil(count / 4),
    replies: subject.name !== 'a',
    ...rest,
  };
}

function complete(result: LoadResult, subject: Subject): LoadResult {
  const { refused, doubled, unanswered } = result;
  if (refused > 0 || doubled > 0 || unanswered.length > 0) {
    throw new Error(
      `${subject.name}: ${refused} refused, ${doubled} doubled, ${unanswered.length} unanswered without any crash: ${unanswered.slice(0, 3).join(', ')}`,
    );
  }
  return result;
}

function latencies(prefix: string, result: LoadResult): Numbers {
  return {
    [`${prefix}.ack.p50`]: percentile(result.acksMs, 0.5),
    [`${prefix}.ack.p99`]: percentile(result.acksMs, 0.99),
    ...(result.repliesMs.length > 0 && {
      [`${prefix}.reply.p50`]: percentile(result.repliesMs, 0.5),
      [`${prefix}.reply.p99`]: percentile(result.repliesMs, 0.99),
    }),
  };
}

/** One at a time on a system at rest: a pause between, for the floors as for the product. */
export async function sequential(m: Measuring, subject: Subject, count: number): Promise<Numbers> {
  const result = await m.load.run(order(m, subject, count, { pauseMs: 30 }));
  return latencies('sequential', complete(result, subject));
}

/** 32 senders, each waiting for its reply: what is sustained without a queue, and its CPU. */
export async function steady(m: Measuring, subject: Subject, count: number): Promise<Numbers> {
  await sleep(500);
  const before = cpuMs(subject.pids);
  const result = complete(await m.load.run(order(m, subject, count, { senders: 32 })), subject);
  // What Temporal does after a workflow has ended belongs to its price.
  await sleep(500);
  const used = cpuMs(subject.pids).map((ms, index) => (ms - (before[index] ?? 0)) / count);
  const [process, temporal, postgres] = used;
  return {
    ...latencies('steady', result),
    'steady.perSecond': count / (Math.max(result.lastReplyMs, result.lastAckMs) / 1000),
    'steady.cpu': used.reduce((sum, ms) => sum + ms, 0),
    'steady.cpu.process': process ?? 0,
    'steady.cpu.temporal': temporal ?? 0,
    'steady.cpu.postgres': postgres ?? 0,
  };
}

/** 32 senders that wait for acknowledgements only, as providers do; then the queue behind them is let drain. */
export async function flood(m: Measuring, subject: Subject, count: number): Promise<Numbers> {
  const result = complete(
    await m.load.run(order(m, subject, count, { senders: 32, until: 'acked' })),
    subject,
  );
  return {
    ...latencies('flood', result),
    'flood.acceptedPerSecond': count / (result.lastAckMs / 1000),
  };
}

/** All at once. */
export async function burst(m: Measuring, subject: Subject, count: number): Promise<Numbers> {
  const result = complete(
    await m.load.run(order(m, subject, count, { senders: count, until: 'acked' })),
    subject,
  );
  return {
    ...latencies('burst', result),
    'burst.acceptedPerSecond': count / (result.lastAckMs / 1000),
    ...(subject.name !== 'a' && {
      'burst.drainedPerSecond': count / (result.lastReplyMs / 1000),
      'burst.lastReply': result.lastReplyMs,
    }),
  };
}

/** Webhook → the screens' feed has it. In rounds of its own, for the observer costs Postgres something. */
export async function visible(
  m: Measuring,
  subject: Subject,
  count: number,
  databaseUrl: string,
): Promise<Numbers> {
  const one = complete(await m.load.run(order(m, subject, count, { observe: databaseUrl })), subject);
  const many = complete(
    await m.load.run(order(m, subject, count * 4, { observe: databaseUrl, senders: 32 })),
    subject,
  );
  return {
    'sequential.visible.p50': percentile(one.visibleMs, 0.5),
    'sequential.visible.p99': percentile(one.visibleMs, 0.99),
    'steady.visible.p50': percentile(many.visibleMs, 0.5),
    'steady.visible.p99': percentile(many.visibleMs, 0.99),
  };
}
