// Development only: draws a thread from invented answers.
import { launchBrowser } from './support/browser.ts';
const base = process.env['BASE'] ?? 'http://127.0.0.1:4321';
const browser = await launchBrowser();
const conversationId = crypto.randomUUID();
let seq = 0;
const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const m = (from: string, minutes: number, parts: object[], extra: object = {}) => ({ id: crypto.randomUUID(), conversationId, seq: ++seq, from, parts, createdAt: at(minutes), ...extra });
const text = (t: string) => [{ kind: 'text', text: t }];
const items = [
  m('visitor', 1500, text('Good evening! Do you grind the beans for a moka pot?')),
  m('bot', 1500, text('Yes. Choose “moka” in the cart and we grind it for you.')),
  m('visitor', 31, text('Hello, where is my order? See https://example.com/orders/1234.')),
  m('bot', 31, text('Welcome to Fernweh Coffee!')),
  m('bot', 31, [{ kind: 'choices', text: 'What is it about?', options: [{ id: 'a', label: 'An order' }, { id: 'b', label: 'Choosing beans' }, { id: 'c', label: 'Something else' }] }]),
  m('visitor', 30, [{ kind: 'choice_reply', id: 'a', label: 'An order' }]),
  m('bot', 30, text('One moment, somebody of the team looks into it.')),
  m('agent', 26, text('Hi, Ada here. I can see it: it left Hamburg this morning and arrives tomorrow before noon.'), { name: 'Ada' }),
  m('agent', 26, text('שלום! טקסט מימין לשמאל נראה נכון גם כאן.'), { name: 'Ada' }),
  m('visitor', 2, text('Wonderful 🎉')),
  m('bot', 1, [{ kind: 'choices', text: 'Did that help?', options: [{ id: 'y', label: 'Yes, thank you' }, { id: 'n', label: 'Not yet' }] }]),
];
for (const scheme of ['light', 'dark'] as const) {
  for (const [name, width, height] of [['wide', 1280, 860], ['mobile', 390, 780]] as const) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, hasTouch: name === 'mobile' });
    const page = await context.newPage();
    page.on('pageerror', (e) => console.log('pageerror', e.message));
    page.on('console', (e) => console.log('console', e.text()));
    await page.route(/live-chat\/[^/]+\/messages$/, (route) => route.request().method() === 'GET' ? route.fulfill({ json: { items, place: `${conversationId}:11`, more: false } }) : route.fulfill({ status: 422, json: { error: { message: 'It is too long for this chat.' } } }));
    await page.route(/stream/, (route) => route.fulfill({ contentType: 'text/event-stream', body: 'event: ping\ndata: \n\n' }));
    await page.goto(`${base}/demo`);
    await page.getByRole('button', { name: /Open chat/ }).click();
    const frame = page.frameLocator('iframe');
    const box = frame.getByRole('textbox', { name: 'Your message' });
    await box.waitFor();
    await page.waitForTimeout(500);
    await page.screenshot({ path: `/var/tmp/wdev/shots/thread-${scheme}-${name}-1.png` });
    await box.fill('And one more thing that can not be sent');
    await box.press('Enter');
    await box.fill('A draft of\nseveral\nlines');
    await page.waitForTimeout(5000);
    await page.screenshot({ path: `/var/tmp/wdev/shots/thread-${scheme}-${name}-2.png` });
    await page.keyboard.press('Escape');
    await page.waitForTimeout(300);
    await page.screenshot({ path: `/var/tmp/wdev/shots/thread-${scheme}-${name}-3.png` });
    await context.close();
  }
}
await browser.close();
