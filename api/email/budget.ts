/** Bounds how much is in hand at once: whole mails in memory, logins under way. First come, first served. */
export interface Budget {
  /** Runs `work` once `weight` fits; what weighs more than everything runs alone. */
  run<T>(weight: number, work: () => Promise<T>): Promise<T>;
}

export function createBudget(total: number): Budget {
  const queue: { weight: number; go: () => void }[] = [];
  let free = total;
  const next = (): void => {
    for (let first = queue[0]; first && first.weight <= free; first = queue[0]) {
      queue.shift();
      free -= first.weight;
      first.go();
    }
  };
  return {
    async run(given, work) {
      const weight = Math.min(given, total);
      await new Promise<void>((resolve) => {
        queue.push({ weight, go: resolve });
        next();
      });
      try {
        return await work();
      } finally {
        free += weight;
        next();
      }
    },
  };
}
