/** CPU time of process trees, from /proc: what the processes used, and what their ended children used. */
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** Milliseconds of user and system time of each root with all its descendants. Ended children count through their parents. */
export function cpuMs(roots: readonly number[]): number[] {
  const processes = readProcesses();
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of processes) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const ofTree = (pid: number): number => {
    const own = processes.get(pid)?.ticks ?? 0;
    return (children.get(pid) ?? []).reduce((sum, child) => sum + ofTree(child), own);
  };
  return roots.map((pid) => (ofTree(pid) * 1000) / ticksPerSecond);
}

function readProcesses(): Map<number, { parent: number; ticks: number }> {
  const processes = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [utime, stime, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
      processes.set(Number(name), {
        parent: Number(fields[1]),
        ticks: (utime ?? 0) + (stime ?? 0) + (childrenUser ?? 0) + (childrenSystem ?? 0),
      });
    } catch {
      // It ended meanwhile; its parent has its time.
    }
  }
  return processes;
}
