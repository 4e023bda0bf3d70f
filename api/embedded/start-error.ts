/** An expected obstacle: the message says what happened, what still holds and what to do, and is printed without a stack. */
export class StartError extends Error {
  override name = 'StartError';
}
