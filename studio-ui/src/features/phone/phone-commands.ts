/** The phone by keyboard: in the palette, in `?`, and by alt with a letter wherever the focus is. */
import type { Command } from '../../lib/commands.svelte.ts';
import { isTalk } from './call-state.ts';
import { phone } from './phone.svelte.ts';

const call = () => phone.state.call;

export function phoneCommands(): Command[] {
  const section = 'Phone';
  return [
    {
      id: 'phone.open',
      title: 'Open or close the phone',
      section,
      keys: 'alt p',
      run: () => (phone.isOpen = !phone.isOpen),
    },
    {
      id: 'phone.answer',
      title: 'Answer the call',
      section,
      keys: 'alt a',
      isUrgent: true,
      run: () => call()?.phase === 'ringing_in' && phone.wish({ do: 'answer' }),
    },
    {
      id: 'phone.decline',
      title: 'Decline the call',
      section,
      keys: 'alt d',
      isUrgent: true,
      run: () => call()?.phase === 'ringing_in' && phone.wish({ do: 'decline' }),
    },
    {
      id: 'phone.mute',
      title: 'Mute or unmute yourself',
      section,
      keys: 'alt m',
      isUrgent: true,
      run() {
        const now = call();
        if (now && isTalk(now.phase)) void phone.wish({ do: 'mute', isMuted: !now.isMuted });
      },
    },
    {
      id: 'phone.hold',
      title: 'Hold the call, or come back to it',
      section,
      keys: 'alt h',
      isUrgent: true,
      run() {
        const now = call();
        if (now && isTalk(now.phase)) void phone.wish({ do: 'hold', isHeld: now.phase === 'active' });
      },
    },
    {
      id: 'phone.keypad',
      title: 'Open the keypad',
      section,
      keys: 'alt k',
      isUrgent: true,
      run() {
        phone.isOpen = true;
        phone.keypadRequests += 1;
      },
    },
    {
      id: 'phone.hang-up',
      title: 'Hang up',
      section,
      keys: 'alt x',
      isUrgent: true,
      run: () => call() && call()?.phase !== 'wrap_up' && phone.wish({ do: 'hang_up' }),
    },
  ];
}
