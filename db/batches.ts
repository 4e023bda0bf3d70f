/** Group commit: calls that arrive while earlier ones are under way share the next round trip and its commit. */

export interface BatchLimits {
  /** Batches under way at once: one is being written while the next is carried out. */
  inFlight: number;
  /** Calls in one batch, and the sum of their weights (bytes). */
  calls: number;
  weight: number;
}

interface Waiting<In, Out> {
  input: In;
  resolve: (output: Out) => void;
  reject: (error: unknown) => void;
}

/**
 * Each call is answered only when the batch it was in has been carried out. Alone it runs at once. Where a batch fails its calls are
 * carried out one by one, so that a bad one hurts nobody else.
 * @param run outputs in the order of inputs; must be safe to repeat after a failure
 */
export function createBatches<In, Out>(
  run: (inputs: readonly In[]) => Promise<Out[]>,
  weightOf: (input: In) => number,
  limits: BatchLimits,
): (input: In) => Promise<Out> {
  const waiting: Waiting<In, Out>[] = [];
  let inFlight = 0;

  function pump(): void {
    while (inFlight < limits.inFlight && waiting.length > 0) {
      inFlight += 1;
      void carryOut(take()).finally(() => {
        inFlight -= 1;
        pump();
      });
    }
  }
  function take(): Waiting<In, Out>[] {
    let weight = 0;
    const count = waiting.findIndex(({ input }, index) => {
      weight += weightOf(input);
      return index > 0 && (index >= limits.calls || weight > limits.weight);
    });
    return waiting.splice(0, count === -1 ? waiting.length : count);
  }
  async function carryOut(calls: Waiting<In, Out>[]): Promise<void> {
    try {
      const outputs = await run(calls.map(({ input }) => input));
      for (const [index, { resolve, reject }] of calls.entries()) {
        const output = outputs[index];
        if (output === undefined) reject(new Error('A batch answered fewer calls than it was given.'));
        else resolve(output);
      }
    } catch (error) {
      if (calls.length === 1) calls[0]?.reject(error);
      else for (const call of calls) await carryOut([call]);
    }
  }
  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      pump();
    });
}
