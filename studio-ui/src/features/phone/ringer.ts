/** Ringing: a tone of our own by Web Audio, on the chosen output, and the softer one heard while it rings elsewhere. */
import { chosenDevice, isRingerMuted } from './sound.ts';

/** Two notes that answer each other, and a pause: unlike a desk phone, and heard across a room. */
const RING = {
  notes: [659.25, 783.99, 659.25, 783.99],
  noteSeconds: 0.18,
  gapSeconds: 0.06,
  everySeconds: 3,
  volume: 0.28,
};
/** What a caller hears: 425 Hz, a second on, three off. */
const RINGBACK = { notes: [425], noteSeconds: 1, gapSeconds: 0, everySeconds: 4, volume: 0.08 };
type Tone = typeof RING;

export interface Ringer {
  ring(): void;
  ringBack(): void;
  silence(): void;
  /** Sounds once, to try an output. */
  tryOut(): Promise<void>;
  /** Whether the browser lets it sound; without a click in this tab before, it doesn't. */
  isAudible(): boolean;
}

export function createRinger(): Ringer {
  let context: AudioContext | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;
  let playing: GainNode | null = null;

  async function ready(deviceId: string): Promise<AudioContext> {
    context ??= new AudioContext();
    if (context.state === 'suspended') void context.resume().catch(() => undefined);
    // Not in every browser; then it rings where everything sounds.
    const routed = context as AudioContext & { setSinkId?: (id: string) => Promise<void> };
    await routed.setSinkId?.(deviceId).catch(() => undefined);
    return context;
  }
  function once(on: AudioContext, tone: Tone): void {
    const gain = on.createGain();
    gain.gain.value = 0;
    gain.connect(on.destination);
    playing = gain;
    tone.notes.forEach((note, at) => {
      const from = on.currentTime + 0.02 + at * (tone.noteSeconds + tone.gapSeconds);
      const oscillator = on.createOscillator();
      oscillator.frequency.value = note;
      oscillator.connect(gain);
      oscillator.start(from);
      oscillator.stop(from + tone.noteSeconds);
      // No clicks: it swells and fades within some milliseconds.
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(tone.volume, from + 0.02);
      gain.gain.setValueAtTime(tone.volume, from + tone.noteSeconds - 0.04);
      gain.gain.linearRampToValueAtTime(0, from + tone.noteSeconds);
    });
  }
  function silence(): void {
    clearInterval(timer);
    timer = undefined;
    playing?.disconnect();
    playing = null;
  }
  function repeat(tone: Tone, deviceId: string): void {
    silence();
    const turn = (): void => void ready(deviceId).then((on) => timer !== undefined && once(on, tone));
    timer = setInterval(turn, tone.everySeconds * 1_000);
    turn();
  }
  return {
    ring() {
      if (!isRingerMuted()) repeat(RING, chosenDevice('ringer'));
    },
    ringBack: () => repeat(RINGBACK, chosenDevice('speaker')),
    silence,
    async tryOut() {
      once(await ready(chosenDevice('ringer')), RING);
    },
    isAudible: () => context === null || context.state === 'running',
  };
}
