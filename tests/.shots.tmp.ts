import { launchBrowser } from './support/browser.ts';
const base = process.env['BASE'] ?? 'http://127.0.0.1:4321';
const browser = await launchBrowser();
for (const scheme of ['light', 'dark'] as const) {
  for (const [name, width, height] of [['wide', 1280, 860], ['mobile', 390, 780]] as const) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, hasTouch: name === 'mobile' });
    const page = await context.newPage();
    page.on('console', (m) => console.log('console', m.type(), m.text()));
    page.on('pageerror', (e) => console.log('pageerror', e.message));
    page.on('requestfailed', (r) => console.log('failed', r.url(), r.failure()?.errorText));
    await page.goto(`${base}/demo`);
    const launcher = page.getByRole('button', { name: /Open chat/ });
    await launcher.waitFor();
    await page.screenshot({ path: `/var/tmp/wdev/shots/${scheme}-${name}-0.png` });
    await launcher.click();
    const frame = page.frameLocator('iframe');
    const box = frame.getByRole('textbox', { name: 'Your message' });
    await box.waitFor();
    await page.waitForTimeout(400);
    await page.screenshot({ path: `/var/tmp/wdev/shots/${scheme}-${name}-1.png` });
    await box.fill('Hello, where is my order? See https://example.com/orders/1234.');
    await box.press('Enter');
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `/var/tmp/wdev/shots/${scheme}-${name}-2.png` });
    await context.close();
  }
}
await browser.close();
