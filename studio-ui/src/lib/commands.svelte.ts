/** What can be done here: the command palette lists it, `?` shows its keys, the keyboard runs it. Pages add and take away theirs. */
import { untrack } from 'svelte';

export interface Command {
  id: string;
  title: string;
  section: string;
  /** One key ("r"), or a chord with `mod` ("mod k") or `alt` ("alt 1"). All but `mod` are ignored while typing. */
  keys?: string;
  /** Runs also while typing and with a dialog open: a call doesn't wait. Not by `alt` on a Mac, where that types letters. */
  isUrgent?: boolean;
  /** Not in the palette: makes sense by keyboard only (j, k). */
  isKeyOnly?: boolean;
  run: () => unknown;
}

class Commands {
  #groups = $state.raw<Command[][]>([]);
  readonly all: Command[] = $derived(this.#groups.flat());
  isPaletteOpen = $state(false);
  isHelpOpen = $state(false);

  /** Returns the undo. Later pages win where keys collide. An effect that adds doesn't depend on what others have added. */
  add(group: Command[]): () => void {
    untrack(() => (this.#groups = [...this.#groups, group]));
    return () => untrack(() => (this.#groups = this.#groups.filter((other) => other !== group)));
  }

  listen(): () => void {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const pressed = chordOf(event);
      const command = this.all.findLast((candidate) => candidate.keys === pressed);
      if (!command) return;
      const isUrgent = command.isUrgent && !(pressed.startsWith('alt ') && isMac);
      const isChord = pressed.startsWith('mod ');
      if (!isChord && !isUrgent && (isTyping(event.target) || isDialogOpen())) return;
      event.preventDefault();
      void command.run();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }
}

function chordOf(event: KeyboardEvent): string {
  const key = event.key.toLowerCase();
  if (event.metaKey || event.ctrlKey) return `mod ${key}`;
  // By its place on the keyboard: with alt a Mac's keys type other letters.
  return event.altKey ? `alt ${event.code.replace(/^(Key|Digit)/, '').toLowerCase()}` : key;
}
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
const isDialogOpen = (): boolean =>
  document.querySelector('[role="dialog"], [role="menu"], [role="listbox"]') !== null;

export const commands = new Commands();
