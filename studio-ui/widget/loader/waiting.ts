/** What stands in the panel until the frame is there, and where it can't be reached. */
import { element } from './elements.ts';
import type { FrameState } from './frame.ts';
import type { LauncherWords } from './words.ts';

export function createWaiting(words: LauncherWords, acts: { again(): void; leave(): void }) {
  const note = element('p', 'note', { role: 'status' });
  const again = element('button', 'again');
  const leave = element('button', 'again quiet');
  again.addEventListener('click', () => acts.again());
  leave.addEventListener('click', () => acts.leave());
  const whole = element('div', 'waiting');
  whole.append(note, again, leave);
  return {
    element: whole,
    paint(state: FrameState): void {
      const failed = state === 'unreachable';
      whole.hidden = state === 'ready';
      note.textContent = words.say(failed ? 'unreachable' : 'opening');
      again.textContent = words.say('tryAgain');
      leave.textContent = words.say('leave');
      again.hidden = leave.hidden = !failed;
    },
  };
}
