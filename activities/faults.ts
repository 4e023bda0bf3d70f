/**
 * Named crash points: where tests kill the process, or stop it and let it go on later as a zombie. Off unless TELORING_FAULTS is set
 * (`claim.committed=kill`, `claim.committed=stop@2` = the second time); never set outside tests.
 */
import { writeFileSync } from 'node:fs';

export type FaultPoint =
  | 'event.committed'
  | 'start.sent'
  | 'ingest.committed'
  | 'enter.committed'
  | 'claim.committed'
  | 'claim.clock-checked'
  | 'call.sent'
  | 'call.answered'
  | 'settle.committed'
  | 'settle.refused'
  | 'release.committed'
  | 'wake.sent'
  | 'woken.committed'
  | 'look.committed'
  | 'look.ended'
  | 'run.successor-claimed'
  | 'run.successor-waits'
  | 'takeover.committed'
  | 'giveback.committed'
  | 'cancel.committed'
  | 'lease.swept'
  | 'driver.started'
  // Microsoft has answered with new tokens, and they are not stored yet.
  | 'token.answered';

export interface Faults {
  at(point: FaultPoint): void;
  /** Whether anything is armed there: lets a transaction be split where the fast path has no gap to crash in. */
  armed(point: FaultPoint): boolean;
}

export const noFaults: Faults = { at: () => undefined, armed: () => false };

/**
 * @param spec comma-separated `point=kill|stop[@n]`
 * @param reportPath written with the point's name right before the process dies or stops
 */
export function createFaults(spec: string | undefined, reportPath: string | undefined): Faults {
  if (!spec) return noFaults;
  const rules = new Map<string, { action: 'kill' | 'stop'; countdown: number }>();
  for (const rule of spec.split(',')) {
    const match = /^([\w.-]+)=(kill|stop)(?:@(\d+))?$/.exec(rule.trim());
    if (!match?.[1] || (match[2] !== 'kill' && match[2] !== 'stop'))
      throw new Error(`TELORING_FAULTS: “${rule}” is no fault.`);
    rules.set(match[1], { action: match[2], countdown: Number(match[3] ?? 1) });
  }
  return {
    armed: (point) => (rules.get(point)?.countdown ?? 0) > 0,
    at(point) {
      const rule = rules.get(point);
      if (!rule || rule.countdown <= 0) return;
      rule.countdown -= 1;
      if (rule.countdown > 0) return;
      if (reportPath) writeFileSync(reportPath, `${point} ${process.pid}\n`, { flag: 'a' });
      process.kill(process.pid, rule.action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
    },
  };
}
