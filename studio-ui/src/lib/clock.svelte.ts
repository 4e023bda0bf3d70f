/** One ticking now for every relative time on the screen. */
class Clock {
  now = $state(Date.now());
  start(): () => void {
    const timer = setInterval(() => (this.now = Date.now()), 15_000);
    const onVisible = () => (this.now = Date.now());
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }
}
export const clock = new Clock();
