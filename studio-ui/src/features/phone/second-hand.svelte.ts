/** A second's clock, ticking only while something on the screen counts seconds. */
class SecondHand {
  nowMs = $state(Date.now());
  #users = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Returns the undo. */
  run(): () => void {
    this.nowMs = Date.now();
    this.#users += 1;
    this.#timer ??= setInterval(() => (this.nowMs = Date.now()), 500);
    return () => {
      this.#users -= 1;
      if (this.#users > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }
}
export const secondHand = new SecondHand();
