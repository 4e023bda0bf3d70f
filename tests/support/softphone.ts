/** The studio's softphone in a page: what it shows, what it does, and what it hears, for tests with a real SIP proxy. */
import type { BrowserContext, Page } from 'playwright-core';

/** Counts what a page can't be seen doing: tones that it starts, connections that it opens. Before the first page is opened. */
export async function watchSound(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const seen = { tones: 0, connections: [] as RTCPeerConnection[] };
    Object.assign(window, { seen });
    // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (when?: number) {
      seen.tones += 1;
      start.call(this, when);
    };
    const Real = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        seen.connections.push(this);
      }
    };
  });
}
interface Seen {
  seen: { tones: number; connections: RTCPeerConnection[] };
}
export const tonesOf = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as Seen).seen.tones);
/** Bytes of sound that have arrived over RTP in this page. */
export const bytesHeard = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const reports = await Promise.all(
      (window as unknown as Seen).seen.connections.map((connection) => connection.getStats()),
    );
    let bytes = 0;
    for (const report of reports)
      report.forEach((stat: { type: string; bytesReceived?: number }) => {
        if (stat.type === 'inbound-rtp') bytes += stat.bytesReceived ?? 0;
      });
    return bytes;
  });

export function softphoneParts(page: () => Page) {
  const panel = () => page().getByRole('region', { name: 'Phone', exact: true });
  return {
    panel,
    pill: () => page().getByRole('button', { name: /^Phone: / }),
    is: (words: string | RegExp) =>
      page().getByRole('button', {
        name: typeof words === 'string' ? new RegExp(`^Phone: ${words}`) : words,
      }),
    incoming: () => page().getByRole('alertdialog', { name: 'Incoming call' }),
    act: (name: string) => panel().getByRole('button', { name, exact: true }),
    open: async (): Promise<void> => {
      if (!(await panel().isVisible()))
        await page()
          .getByRole('button', { name: /^Phone: / })
          .click();
    },
    dial: async (number: string): Promise<void> => {
      if (!(await panel().isVisible()))
        await page()
          .getByRole('button', { name: /^Phone: / })
          .click();
      await panel().getByLabel('Number to call').fill(number);
      await panel().getByRole('button', { name: 'Call', exact: true }).click();
    },
  };
}
