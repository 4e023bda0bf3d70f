/** A call shown by the system while this tab is in the background, where the person has allowed it. */
import type { Call } from './call-state.ts';
import { partyName } from './phone-words.ts';

export function createNotifier(): { follow(call: Call | null): void } {
  let shown: Notification | null = null;
  return {
    follow(call) {
      shown?.close();
      shown = null;
      if (call?.phase !== 'ringing_in' || !document.hidden || !canNotify()) return;
      shown = new Notification(`${partyName(call)} is calling`, {
        body: 'Open Teloring to answer or decline.',
        tag: call.id,
        requireInteraction: true,
      });
      shown.addEventListener('click', () => {
        window.focus();
        shown?.close();
      });
    },
  };
}
export const canNotify = (): boolean => 'Notification' in window && Notification.permission === 'granted';
/** Whether asking makes sense: never asked before. */
export const mayAskToNotify = (): boolean =>
  'Notification' in window && Notification.permission === 'default';
