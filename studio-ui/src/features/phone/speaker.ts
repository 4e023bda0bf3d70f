/** The other side's sound, on the chosen output. */
export interface Speaker {
  play(stream: MediaStream, deviceId: string): Promise<void>;
  route(deviceId: string): Promise<void>;
  stop(): void;
}

export function createSpeaker(): Speaker {
  const audio = new Audio();
  audio.autoplay = true;
  const route = async (deviceId: string): Promise<void> => {
    // An output that was unplugged: the browser's own choice goes on sounding.
    await audio.setSinkId?.(deviceId).catch(() => undefined);
  };
  return {
    async play(stream, deviceId) {
      audio.srcObject = stream;
      await route(deviceId);
      // Refused only without any click in this tab before; then the first one starts it.
      await audio
        .play()
        .catch(() => addEventListener('pointerdown', () => void audio.play(), { once: true }));
    },
    route,
    stop() {
      audio.pause();
      audio.srcObject = null;
    },
  };
}
