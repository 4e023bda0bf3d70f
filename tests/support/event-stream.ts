/** Reads a response of server-sent events in the background. */
export interface EventStream {
  text(): string;
  /** @throws Error where it doesn't come in time */
  until(check: (text: string) => boolean, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

export async function readEventStream(response: Response): Promise<EventStream> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (response.status !== 200 || !reader) throw new Error(`No stream: ${response.status}`);
  let text = '';
  const reading = (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
    }
  })();
  return {
    text: () => text,
    async until(check, timeoutMs = 10_000) {
      const end = Date.now() + timeoutMs;
      while (!check(text)) {
        if (Date.now() > end) throw new Error(`It didn't come: ${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async close() {
      await reader.cancel();
      await reading;
    },
  };
}
