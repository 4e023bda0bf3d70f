/** Emails as agents and admins meet them: real mails in by the webhook, out to a real SMTP server. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browserIsMissing } from '../support/browser.ts';
import {
  deliverMail,
  emailEnv,
  startMailServer,
  startPictureServer,
  type MailServer,
} from '../support/email-world.ts';
import { png } from '../support/picture.ts';
import {
  conversationParts,
  gone,
  see,
  startStudio,
  UI_TIMEOUT_MS,
  type Studio,
  type Visit,
} from '../support/studio.ts';
import { createTeam } from '../support/widget.ts';

describe.skipIf(browserIsMissing())('email in a browser', () => {
  let mails: MailServer;
  let pictures: Awaited<ReturnType<typeof startPictureServer>>;
  let studio: Studio;
  let visit: Visit;
  let page: Page;
  let inbox: { id: string; secret: string; address: string };
  let mailNo = 0;

  beforeAll(async () => {
    mails = await startMailServer();
    pictures = await startPictureServer(png(7));
    studio = await startStudio({
      env: { ...(await emailEnv(mails)), TELORING_ALLOW_PRIVATE_HOSTS: '127.0.0.1' },
    });
    const made = await call<{ inbox: { id: string; account: { label: string } }; secret: string }>(
      'POST',
      '/api/inboxes',
      { type: 'email', name: 'Support mail', credentials: { kind: 'managed' } },
    );
    inbox = { id: made.inbox.id, secret: made.secret, address: made.inbox.account.label };
  }, 300_000);
  afterAll(async () => {
    await studio?.close();
    await mails?.close();
    await pictures?.close();
  }, 60_000);
  beforeEach(async () => {
    mails.taken.length = 0;
    pictures.asked.length = 0;
    visit = await studio.visit(studio.signedIn);
    page = visit.page;
  });
  afterEach(async () => {
    await visit?.close();
    expect(visit.faults).toEqual([]);
  });

  const { row, log, composer } = conversationParts(() => page);
  const call = <Body>(method: string, path: string, body?: unknown) =>
    createTeam(studio.product).call<Body>(method, path, body);
  const holdFor = (undoSeconds: number) =>
    call('PATCH', `/api/inboxes/${inbox.id}`, { settings: { undoSeconds } });
  const receive = (from: string, mail: Parameters<typeof deliverMail>[2]) =>
    deliverMail(studio.product.url, inbox, {
      from: { name: from, address: `${from.toLowerCase()}@customer.example` },
      messageId: `<mail-${mailNo++}@customer.example>`,
      ...mail,
    });
  const arrives = async (recipient: string) => {
    const find = () => mails.taken.find(({ recipients }) => recipients.includes(recipient));
    await expect.poll(find, { timeout: UI_TIMEOUT_MS }).toBeDefined();
    return find();
  };
  async function openThread(name: string): Promise<void> {
    await page.goto(`${studio.home}/conversations`);
    await row(name).click();
    await see(page.getByRole('heading', { name, level: 1 }));
  }
  const mail = (text: string) => log().getByRole('article').filter({ hasText: text });
  const field = (name: string) => composer().getByLabel(name, { exact: true });
  const chips = (name: string) =>
    composer()
      .getByRole('list', { name: `${name}: addresses` })
      .getByRole('listitem');
  const write = (text: string) =>
    composer()
      .getByRole('textbox', { name: /^Reply to/ })
      .fill(text);

  it('runs nothing of a hostile mail and asks nobody, whatever the server let through; pictures only when asked for', async () => {
    const remote = `${pictures.url}/logo.png`;
    await receive('Mallory', {
      subject: 'Look at this',
      text: 'Look!',
      html: `<p>Look!</p><img src="${remote}" alt="Logo"><script>parent.pwned = 1</script>`,
    });
    const foreign: string[] = [];
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (/^https?:$/.test(protocol) && origin !== studio.product.url) foreign.push(request.url());
    });
    await openThread('Mallory');
    const frame = page.frameLocator('iframe[title="The mail as its sender made it"]');
    await mail('Look at this').getByRole('button', { name: 'Show original formatting' }).click();
    await see(frame.getByText('Look!'));
    expect([pictures.asked, foreign]).toEqual([[], []]);
    await mail('Look at this').getByRole('button', { name: 'Show 1 remote image' }).click();
    await expect.poll(() => pictures.asked, { timeout: UI_TIMEOUT_MS }).toEqual(['/logo.png']);
    await expect
      .poll(() => frame.getByAltText('Logo').evaluate((image) => (image as HTMLImageElement).naturalWidth))
      .toBe(8);
    // We asked, the browser didn't.
    expect(foreign).toEqual([]);
    await see(mail('Look at this').getByText('Its remote pictures are shown, this once.'));

    // The second wall alone: a page that a failing sanitizer would let through as it is.
    const hostile = `<p>Inert</p><script>parent.pwned = 1; document.title = 'pwned'</script>
      <img src="x" onerror="parent.pwned = 1"><svg onload="parent.pwned = 1"></svg>
      <img src="${pictures.url}/pixel.png"><link rel="stylesheet" href="${pictures.url}/style.css">
      <style>@import url("${pictures.url}/import.css"); body { background: url("${pictures.url}/css.png") }</style>
      <iframe src="${pictures.url}/frame"></iframe><object data="${pictures.url}/object"></object>
      <meta http-equiv="refresh" content="0;url=${pictures.url}/refresh"><base href="${pictures.url}/">
      <video src="${pictures.url}/video" autoplay></video><form action="${pictures.url}/form"><button>Go</button></form>
      <a href="javascript:parent.pwned = 1">Click</a>`;
    await page.route('**/api/messages/*/email*', (route) =>
      route.fulfill({ json: { subject: '', text: '', html: hostile, remoteImages: 0 } }),
    );
    pictures.asked.length = 0;
    await page.reload();
    await mail('Look at this').getByRole('button', { name: 'Show original formatting' }).click();
    await see(frame.getByText('Inert'));
    await frame.getByRole('button', { name: 'Go' }).click();
    await frame.getByText('Click').click();
    await page.waitForTimeout(1_500);
    expect(await page.evaluate(() => Reflect.get(window, 'pwned') as unknown)).toBeUndefined();
    expect(pictures.asked).toEqual([]);
    expect(
      page
        .context()
        .pages()
        .every((one) => !one.url().startsWith(pictures.url)),
    ).toBe(true);
    await see(frame.getByText('Inert'));
    // The browser notes what it refused; that, and a picture of its own that isn't there, is what this is about.
    expect(visit.faults.length).toBeGreaterThan(0);
    expect(visit.faults.filter((fault) => !/Content Security Policy|sandbox|404/i.test(fault))).toEqual([]);
    visit.faults.length = 0;
    await page.unrouteAll();
  });

  it('shows who wrote to whom, the new text first, what was quoted and warnings on demand', async () => {
    await receive('Carol', {
      subject: 'Chairs',
      cc: [{ name: 'Dave', address: 'dave@customer.example' }],
      text: 'Six chairs, please.\n\nOn Monday, Shop wrote:\n> How many chairs?',
      attachments: [{ filename: 'plan.txt', content: 'A plan', contentType: 'text/plain' }],
    });
    await openThread('Carol');
    const first = mail('Six chairs, please.');
    await see(first.getByRole('heading', { name: 'Chairs' }));
    await see(first.getByText('copy to Dave'));
    await see(first.getByText('Sender not verified'));
    await see(first.getByRole('link', { name: /plan.txt/ }));
    expect(await first.getByText('How many chairs?').count()).toBe(0);
    await first.getByRole('button', { name: 'Show quoted text' }).click();
    await see(first.getByText('How many chairs?'));
    await first.getByRole('button', { name: 'Hide quoted text' }).click();
    await gone(first.getByText('How many chairs?'));
    await first.getByText('copy to Dave').click();
    await see(first.getByText('Dave <dave@customer.example>'));
    await first.hover();
    await first.getByRole('button', { name: 'Message actions' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Download the original' }).click();
    expect((await download).suggestedFilename()).toBe('Chairs.eml');

    // Somebody who isn't who they say, and somebody else in the thread.
    await receive('Dave', {
      subject: 'Re: Chairs',
      inReplyTo: `<mail-${mailNo - 1}@customer.example>`,
      headers: { 'Auto-Submitted': 'auto-replied' },
      text: 'I am away.',
    });
    await see(mail('I am away.').getByText('dave@customer.example', { exact: true }));
    await see(mail('I am away.').getByText('Automatic reply'));
    expect(await mail('I am away.').getByRole('heading').count()).toBe(0);
  });

  it('takes several addresses by paste, names what is none, and works by keyboard alone', async () => {
    await holdFor(0);
    await receive('Erin', {
      subject: 'Invoice',
      cc: [{ name: 'Frank', address: 'frank@customer.example' }],
      text: 'The invoice is wrong.',
    });
    await openThread('Erin');
    // An answer goes to everybody of the mail, and can be to its writer alone.
    await see(chips('To').getByText('Erin'));
    await see(chips('Cc').getByText('Frank'));
    await composer()
      .getByRole('button', { name: /Reply to all/ })
      .click();
    await gone(chips('Cc').getByText('Frank'));
    await composer()
      .getByRole('button', { name: /Reply to all/ })
      .click();
    await see(chips('Cc').getByText('Frank'));

    await field('Cc').focus();
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData(
        'text/plain',
        'Gina <gina@else.example>, hank@else.example; nobody@, frank@customer.example',
      );
      document.activeElement?.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      );
    });
    await see(composer().getByRole('alert').getByText('“nobody@” is no email address.'));
    expect(await chips('Cc').allInnerTexts()).toEqual(['Frank', 'Gina', 'hank@else.example']);
    await write('You are right.');
    expect(await composer().getByRole('button', { name: 'Send', exact: true }).isDisabled()).toBe(true);
    await field('Cc').fill('');
    await field('Cc').press('Backspace');
    expect(await chips('Cc').allInnerTexts()).toEqual(['Frank', 'Gina']);
    await field('Cc').pressSequentially('ida@else.example,');
    await see(chips('Cc').getByText('ida@else.example'));
    await composer().getByRole('button', { name: 'Bcc' }).press('Enter');
    await page.keyboard.type('judge@else.example');
    await page.keyboard.press('Tab');
    await see(chips('Bcc').getByText('judge@else.example'));
    await field('Subject').fill('Your new invoice');
    // What is typed stays where one comes back.
    await page.reload();
    await see(chips('Bcc').getByText('judge@else.example'));
    expect(await field('Subject').inputValue()).toBe('Your new invoice');
    await composer()
      .getByRole('textbox', { name: /^Reply to/ })
      .focus();
    await page.keyboard.press('ControlOrMeta+Enter');

    const sent = await arrives('erin@customer.example');
    expect(sent?.recipients.toSorted((one, other) => one.localeCompare(other))).toEqual([
      'erin@customer.example',
      'frank@customer.example',
      'gina@else.example',
      'ida@else.example',
      'judge@else.example',
    ]);
    expect(sent?.mail.subject).toBe('Your new invoice');
    expect(sent?.mail.headers.has('bcc')).toBe(false);
    await see(mail('You are right.').getByRole('heading', { name: 'Your new invoice' }));
    await see(mail('You are right.').getByText('Sent'));
  });

  it('takes a mail back in time: nothing leaves, and what it said is in the composer again', async () => {
    await holdFor(20);
    await receive('Karl', { subject: 'Sofa', text: 'Is the sofa blue?' });
    await openThread('Karl');
    await field('Subject').fill('The blue sofa');
    await write('It is green.');
    await page.keyboard.press('ControlOrMeta+Enter');
    const bar = page.getByRole('group', { name: 'Just sent' });
    await see(bar.getByText(/Sending in \d+ s/));
    await see(mail('It is green.').getByText(/Sending in \d+ s/));
    // A colleague sees it coming too.
    const colleague = await studio.visit(studio.signedIn);
    await colleague.page.goto(page.url());
    await see(colleague.page.getByRole('log').getByText(/Sending in \d+ s/));
    await bar.getByRole('button', { name: 'Undo' }).click();
    await see(mail('It is green.').getByText('Withdrawn', { exact: true }));
    await see(colleague.page.getByRole('log').getByText('Withdrawn', { exact: true }));
    expect(colleague.faults).toEqual([]);
    await colleague.close();
    await gone(bar);
    expect(
      await composer()
        .getByRole('textbox', { name: /^Reply to/ })
        .inputValue(),
    ).toBe('It is green.');
    expect(await field('Subject').inputValue()).toBe('The blue sofa');
    expect(mails.taken).toEqual([]);

    await holdFor(2);
    await write('It is blue.');
    await page.keyboard.press('ControlOrMeta+Enter');
    await see(bar);
    expect(mails.taken).toEqual([]);
    expect((await arrives('karl@customer.example'))?.mail.text).toContain('It is blue.');
    await gone(bar);
    expect(mails.taken).toHaveLength(1);
  });

  it('writes to somebody first, and their answer lands in the same conversation', async () => {
    await holdFor(0);
    await page.goto(`${studio.home}/conversations`);
    await see(page.getByRole('button', { name: 'New email' }));
    await page.keyboard.press('c');
    const dialog = page.getByRole('dialog', { name: 'New email' });
    await dialog.getByLabel('To', { exact: true }).fill('Lena <lena@customer.example>');
    await page.keyboard.press('Tab');
    await dialog.getByLabel('Message').fill('Your order is ready.');
    await see(dialog.getByText('It needs a subject.'));
    expect(await dialog.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
    await dialog.getByLabel('Subject').fill('Order 12');
    await dialog.getByLabel('Subject').press('ControlOrMeta+Enter');
    await gone(dialog);
    await see(page.getByRole('heading', { name: 'Lena', level: 1 }));
    await see(mail('Your order is ready.').getByRole('heading', { name: 'Order 12' }));
    const sent = await arrives('lena@customer.example');
    expect(sent?.mail.subject).toBe('Order 12');
    await receive('Lena', {
      subject: 'Re: Order 12',
      inReplyTo: sent?.mail.messageId ?? '',
      text: 'I will fetch it today.',
    });
    await see(mail('I will fetch it today.'));
  });

  it('connects an address of ours, and shows Gmail’s code where somebody waits for it', async () => {
    await page.goto(`${studio.home}/ring/email/add`);
    const sheet = page.getByRole('dialog', { name: 'Email' });
    await sheet.getByLabel('Inbox name').fill('Sales');
    // A mailbox elsewhere: its servers follow from the address.
    await sheet.getByLabel('Address', { exact: true }).fill('shop@gmail.com');
    const incoming = sheet.getByRole('group', { name: 'Incoming mail (IMAP)' });
    expect(await incoming.getByLabel('Server').inputValue()).toBe('imap.gmail.com');
    await see(sheet.getByText(/app password here, not the account’s own/));
    await sheet.getByRole('radio', { name: /Microsoft 365/ }).check();
    await see(sheet.getByRole('button', { name: 'Sign in with Microsoft' }));
    await gone(incoming);
    await sheet.getByRole('radio', { name: /An address from Teloring/ }).check();
    await sheet.getByRole('textbox', { name: /^Your own address/ }).fill('nobody');
    await sheet.getByRole('button', { name: 'Connect' }).click();
    await see(sheet.getByText('Give an email address, such as support@example.com.'));
    await sheet.getByRole('textbox', { name: /^Your own address/ }).fill('sales@shop.example');
    await sheet.getByRole('button', { name: 'Connect' }).click();
    await see(sheet.getByText('“Sales” is connected'));
    const address = await sheet.getByText(/^sales-\w+@mail\.teloring\.test$/).innerText();
    await sheet.getByText('A mail provider hands mails over by webhook').click();
    const secret = (await sheet.getByText(/^[\w-]{43}$/).innerText()).trim();
    const { items } = await call<{ items: { id: string; account: { label: string } }[] }>(
      'GET',
      '/api/inboxes',
    );
    const made = items.find(({ account }) => account.label === address);
    await deliverMail(
      studio.product.url,
      { id: made?.id ?? '', secret, address },
      {
        from: { name: 'Gmail Team', address: 'forwarding-noreply@google.com' },
        subject: '(#123456789) Gmail Forwarding Confirmation - Receive Mail from sales@shop.example',
        text: 'Confirmation code: 123456789\nhttps://mail-settings.google.com/mail/vf-abc',
      },
    );
    await see(sheet.getByText('123456789', { exact: true }));
    expect(await sheet.getByRole('link', { name: 'Confirm it there' }).getAttribute('href')).toBe(
      'https://mail-settings.google.com/mail/vf-abc',
    );
  });
});
