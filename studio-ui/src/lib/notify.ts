/** Toasts. Errors stay longer and say what still holds; the request id is there to copy. */
import { toast } from 'svelte-sonner';
import { ApiFailure, messageOf } from './api/client.ts';

export function notifyDone(message: string, action?: { label: string; onClick: () => void }): void {
  toast.success(message, action ? { action, duration: 8_000 } : {});
}
export function notifyFailure(what: string, error: unknown): void {
  const requestId = error instanceof ApiFailure ? error.requestId : null;
  toast.error(what, {
    description: messageOf(error) + (requestId ? ` (request ${requestId})` : ''),
    duration: 10_000,
  });
}
/** Runs an action of a button; a failure becomes a toast. Answers whether it went well. */
export async function attempt(what: string, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    notifyFailure(what, error);
    return false;
  }
}
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast.success(`${what} copied`);
  } catch {
    toast.error(`The browser didn’t allow copying. Select it by hand: ${text}`);
  }
}
