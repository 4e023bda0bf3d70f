/** The softphone with a real SIP proxy: real browsers, real sound, the product as a user starts it. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browserIsMissing } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { CALL_FLAGS, serveSipPhones, type BareSipPhone, type SipPhones } from '../support/sip-phone.ts';
import { sipProxyIsMissing, startSipProxy, type SipProxy } from '../support/sip-proxy.ts';
import { bytesHeard, softphoneParts, tonesOf, watchSound } from '../support/softphone.ts';
import { gone, see, startStudio, UI_TIMEOUT_MS, type Studio } from '../support/studio.ts';
import { createTeam } from '../support/widget.ts';

const customer = { user: '+442079460018', password: 'of-the-customer', name: 'Ada Lovelace' };
const desk = { user: '201', password: 'of-the-desk', name: 'Ben at his desk' };
const account = { user: 'support', password: 'of-the-agents' };

interface Message {
  direction: string;
  text: string;
  parts: {
    kind: string;
    event?: string;
    durationSeconds?: number;
    reason?: string;
    by?: { name?: string };
    to?: string;
  }[];
}

describe.skipIf(browserIsMissing() || sipProxyIsMissing())('the softphone at a SIP exchange', () => {
  let studio: Studio;
  let proxy: SipProxy;
  let phones: SipPhones;
  let inboxId: string;
  let context: BrowserContext;
  let page: Page;
  let ada: BareSipPhone;

  beforeAll(async () => {
    proxy = await startSipProxy({
      users: {
        [customer.user]: customer.password,
        [desk.user]: desk.password,
        [account.user]: account.password,
      },
    });
    phones = await serveSipPhones(proxy);
    studio = await startStudio({ flags: CALL_FLAGS });
    const made = await call<{ id: string }>('POST', '/api/inboxes', {
      type: 'voice',
      name: 'Hotline',
      credentials: {
        provider: 'sip',
        wsUrl: proxy.wsUrl,
        domain: proxy.domain,
        username: account.user,
        password: account.password,
      },
    });
    inboxId = made.id;
    await call('PATCH', `/api/inboxes/${inboxId}`, { settings: { countries: ['GB'], wrapUpSeconds: 60 } });
    ada = await phones.open(studio.browser, customer);
    await eventually('the customer’s phone registers', () => ada.registered());
  }, 300_000);
  afterAll(async () => {
    await phones?.close();
    await studio?.close();
    await proxy?.stop();
  }, 60_000);

  const call = <Body>(method: string, path: string, body?: unknown) =>
    createTeam(studio.product).call<Body>(method, path, body);
  const { panel, is, incoming, act, open, dial } = softphoneParts(() => page);
  async function openAgent(): Promise<BrowserContext> {
    const opened = await studio.browser.newContext({
      baseURL: studio.product.url,
      locale: 'en-GB',
      viewport: { width: 1440, height: 900 },
      storageState: studio.signedIn,
    });
    opened.setDefaultTimeout(UI_TIMEOUT_MS);
    await watchSound(opened);
    return opened;
  }
  async function openTab(within: BrowserContext): Promise<Page> {
    const tab = await within.newPage();
    await tab.goto(`${studio.home}/conversations`);
    await see(tab.getByRole('button', { name: /^Phone: (?!Connecting)/ }));
    return tab;
  }
  beforeEach(async () => {
    context = await openAgent();
    page = await openTab(context);
    await see(is('Ready'));
    await ada.meet('ring');
  });
  afterEach(async () => {
    if (await ada.isEstablished()) await ada.hangUp();
    await context?.close();
  });

  /** The newest conversation's messages once they tell so much. */
  async function timeline(events: string[]): Promise<{ id: string; messages: Message[] }> {
    const read = async () => {
      const { items } = await call<{ items: { id: string }[] }>(
        'GET',
        `/api/conversations?inboxId=${inboxId}&limit=1`,
      );
      const id = items[0]?.id ?? '';
      const { items: messages } = await call<{ items: Message[] }>(
        'GET',
        `/api/conversations/${id}/messages`,
      );
      return { id, messages };
    };
    const told = ({ messages }: { messages: Message[] }) =>
      messages.flatMap(({ parts: [part] }) => (part?.kind === 'call' ? [part.event ?? ''] : []));
    return eventually(
      `the call’s events are ${events.join(', ')}`,
      async () => {
        const found = await read();
        return told(found).join() === events.join() && found;
      },
      { forMs: 90_000, seen: async () => told(await read()) },
    );
  }
  const partOf = (messages: Message[], event: string) =>
    messages.flatMap(({ parts }) => parts).find((part) => part.event === event);
  async function beCalled(): Promise<void> {
    await ada.call(account.user);
    await see(incoming());
  }
  async function talk(): Promise<void> {
    await beCalled();
    await act('Answer').or(panel().locator('[data-answer]')).first().click();
    await see(is('On a call'));
    await eventually('the customer is connected', () => ada.isEstablished());
  }
  const wrapUp = async () => {
    await see(is('Wrap-up'));
    await act('Ready for the next call').click();
    await see(is('Ready'));
  };

  it('rings in one tab, is answered in another, and carries sound, mute, digits and hold both ways', async () => {
    const second = await openTab(context);
    const sockets: string[] = [];
    for (const tab of [page, second]) tab.on('websocket', () => sockets.push('another line'));
    await ada.call(account.user);
    await Promise.all(
      [page, second].map((tab) => see(tab.getByRole('alertdialog', { name: 'Incoming call' }))),
    );
    expect(await page.title()).toBe('☎ Ada Lovelace is calling');
    expect(await second.title()).toBe('☎ Ada Lovelace is calling');
    await eventually('it rings', async () => (await tonesOf(page)) > 0);
    expect(await tonesOf(second)).toBe(0);
    await second.keyboard.press('Alt+a');
    await see(is('On a call'));
    await see(second.getByRole('button', { name: /^Phone: On a call/ }));
    expect(sockets).toEqual([]);

    await eventually('the customer hears the agent', async () => {
      const heard = await ada.heard();
      return heard.bytes > 3_000 && heard.level > 0.01;
    });
    await eventually('the agent hears the customer', async () => (await bytesHeard(page)) > 3_000);
    expect(await bytesHeard(second)).toBe(0);

    await act('Mute').click();
    await see(act('Unmute'));
    const silent = async () => (await ada.heard()).level < 0.001;
    // The microphone beeps once a second: silence has to last longer.
    await eventually('the customer hears nothing', async () => {
      for (let look = 0; look < 15; look++) {
        if (!(await silent())) return false;
        await page.waitForTimeout(100);
      }
      return true;
    });
    await act('Keypad').click();
    for (const key of ['1', '5', '9', 'hash']) {
      await panel()
        .getByRole('group', { name: 'Keypad' })
        .getByRole('button', { name: key, exact: true })
        .click();
      await page.waitForTimeout(350);
    }
    // As tones in the sound that arrives, not as something that was merely sent.
    await eventually('the customer hears the digits', async () => (await ada.heard()).digits === '159#');
    await act('Unmute').click();

    await act('Hold').click();
    await see(is('On hold'));
    await eventually('the customer is on hold', () => ada.isHeldByOther());
    await act('Resume').click();
    await see(is('On a call'));
    await eventually('the customer is back', async () => !(await ada.isHeldByOther()));

    await panel().getByLabel('Notes on this call').fill('Wants to move the delivery to Friday.');
    await ada.hangUp();
    await wrapUp();
    const { id, messages } = await timeline(['incoming', 'ringing', 'answered', 'held', 'resumed', 'ended']);
    expect(partOf(messages, 'answered')?.by?.name).toBeTruthy();
    expect(partOf(messages, 'ended')?.durationSeconds).toBeGreaterThan(2);
    const notes = messages.filter(({ direction }) => direction === 'internal');
    expect(notes.map(({ text }) => text)).toEqual(['Wants to move the delivery to Friday.']);

    await page.goto(`${studio.home}/conversations/${id}`);
    const card = page.getByRole('article', { name: 'Incoming call with Ada Lovelace' });
    await see(card.getByText('Ada Lovelace called'));
    await see(card.getByText(/ answered/));
    await see(card.getByText('The call ended'));
    await see(page.getByRole('log').getByText('Wants to move the delivery to Friday.'));
    await see(page.getByRole('button', { name: 'Call Ada Lovelace' }));
  });

  it('calls out: answered, busy, and refused in words before anything is dialled', async () => {
    await ada.meet('answer');
    await dial('+44 20 7946 0018');
    await see(is('On a call'));
    await eventually('the customer hears the agent', async () => (await ada.heard()).bytes > 2_000);
    await act('Hang up').click();
    await wrapUp();
    const { messages } = await timeline(['dialling', 'ringing', 'answered', 'ended']);
    expect(partOf(messages, 'ended')?.durationSeconds).toBeGreaterThanOrEqual(0);

    await ada.meet('busy');
    await dial('+44 20 7946 0018');
    await see(panel().getByText('is on another call.'));
    const busy = await timeline(['dialling', 'failed']);
    expect(partOf(busy.messages, 'failed')?.reason).toBe('busy');

    const calls = (await ada.log()).filter((line) => line === 'incoming').length;
    await dial('+44 20');
    await see(panel().getByRole('alert').getByText('too few or too many digits'));
    await dial('+1 202 555 0143');
    await see(page.getByText('This inbox doesn’t call US.'));
    expect((await ada.log()).filter((line) => line === 'incoming')).toHaveLength(calls);
  });

  it('shows a missed call, and lets one be declined', async () => {
    await beCalled();
    await ada.hangUp();
    await see(panel().getByText('You missed a call from Ada Lovelace.'));
    await timeline(['incoming', 'ringing', 'missed']);

    await beCalled();
    await page.keyboard.press('Alt+d');
    await gone(incoming());
    await eventually('the customer is refused', async () => (await ada.log()).at(-1)?.startsWith('failed'));
    await see(is('Ready'));
  });

  it('rings in every browser of an agent, and says in the others that it was answered', async () => {
    const elsewhere = await openAgent();
    try {
      const other = await openTab(elsewhere);
      await see(other.getByRole('button', { name: /^Phone: Ready/ }));
      await ada.call(account.user);
      await Promise.all(
        [page, other].map((tab) => see(tab.getByRole('alertdialog', { name: 'Incoming call' }))),
      );
      await other.locator('[data-answer]').click();
      await see(other.getByRole('button', { name: /^Phone: On a call/ }));
      await see(panel().getByText('The call from Ada Lovelace was answered elsewhere.'));
      await ada.hangUp();
      await timeline(['incoming', 'ringing', 'ringing', 'answered', 'ended']);
    } finally {
      await elsewhere.close();
    }
  });

  it('hands a call over, at once and after asking', async () => {
    const ben = await phones.open(studio.browser, { ...desk, onCall: 'answer' });
    try {
      await eventually('the desk registers', () => ben.registered());
      for (const how of ['Transfer', 'Ask first'] as const) {
        await talk();
        await act('Transfer').click();
        await panel().getByLabel('Number to transfer to').fill(desk.user);
        await panel()
          .getByRole('region', { name: 'Transfer' })
          .getByRole('button', { name: how, exact: true })
          .click();
        if (how === 'Ask first') {
          await see(
            panel().getByRole('region', { name: 'Asking before the transfer' }).getByText('Connected'),
          );
          await eventually('the customer waits', () => ada.isHeldByOther());
          await act('Connect them').click();
        }
        await wrapUp();
        const before = (await ben.heard()).bytes;
        await eventually(
          'the customer speaks with the desk',
          async () => (await ben.heard()).bytes > before + 2_000,
        );
        expect(await ada.isEstablished()).toBe(true);
        const events = [
          'incoming',
          'ringing',
          'answered',
          ...(how === 'Ask first' ? ['held'] : []),
          'transferred',
          'ended',
        ];
        const { messages } = await timeline(events);
        expect(partOf(messages, 'transferred')?.to).toContain(desk.user);
        await ada.hangUp();
        await eventually('the desk is free', async () => !(await ben.isEstablished()));
      }
    } finally {
      await ben.close();
    }
  });

  it('goes on in another tab when the one with the phone crashes, and the record of the call ends', async () => {
    const second = await openTab(context);
    await talk();
    await panel().getByLabel('Notes on this call').fill('Was cut off while spelling her address.');
    const inspector = await context.newCDPSession(page);
    // Never answered: the renderer is gone.
    void inspector.send('Page.crash').catch(() => undefined);
    await eventually('the other tab takes over', async () =>
      second.getByRole('button', { name: /^Phone: Ready/ }).isVisible(),
    );
    page = second;
    await open();
    await see(panel().getByText(/The tab with your call to Ada Lovelace was closed/));
    const { messages } = await timeline(['incoming', 'ringing', 'answered', 'ended']);
    expect(partOf(messages, 'ended')?.reason).toBe('connection_lost');
    const notes = messages.filter(({ direction }) => direction === 'internal');
    expect(notes.map(({ text }) => text)).toEqual(['Was cut off while spelling her address.']);
    if (await ada.isEstablished()) await ada.hangUp();
    await beCalled();
    await ada.hangUp();
    await gone(incoming());
  });

  it('keeps what happens while the server is away, and tells it afterwards', async () => {
    await talk();
    await timeline(['incoming', 'ringing', 'answered']);
    const { server } = studio.product.pids();
    if (!server) throw new Error('The server has no process.');
    process.kill(server, 'SIGKILL');
    await act('Hold').click();
    await see(is('On hold'));
    await act('Resume').click();
    await see(is('On a call'));
    await see(panel().getByText(/events? of your calls wait/));
    await ada.hangUp();
    await see(is('Wrap-up'));
    const { messages } = await timeline(['incoming', 'ringing', 'answered', 'held', 'resumed', 'ended']);
    expect(partOf(messages, 'ended')?.reason).not.toBe('connection_lost');
    await wrapUp();
  });

  it('registers again when the exchange comes back', async () => {
    await proxy.kill();
    await see(is('Line lost'));
    await proxy.restart();
    await see(is('Ready'));
    await eventually('the customer’s phone registers', () => ada.registered());
    await beCalled();
    await ada.hangUp();
    await gone(incoming());
  });
});
