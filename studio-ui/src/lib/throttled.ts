/** Runs soon after the first call and then at most once per `everyMs`; the last call is never lost. */
export function throttled(
  run: () => void,
  firstMs: number,
  everyMs: number,
): (() => void) & { cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  const call = () => {
    if (timer !== undefined) return;
    const wait = Math.max(firstMs, lastAt + everyMs - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      lastAt = Date.now();
      run();
    }, wait);
  };
  return Object.assign(call, {
    cancel() {
      clearTimeout(timer);
      timer = undefined;
    },
  });
}
