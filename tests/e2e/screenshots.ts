/** `npm run screenshots`: starts the product, fills it, and writes a PNG of every page to `screenshots/`. Fails on console errors. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { browserIsMissing, launchBrowser } from '../support/browser.ts';
import { emailEnv, startMailServer } from '../support/email-world.ts';
import { startProduct } from '../support/product.ts';
import { capture } from './capture.ts';
import { fillWithSamples } from './sample-data.ts';

const folder = path.resolve(import.meta.dirname, '../../screenshots');

if (browserIsMissing()) process.exit(1);
const mails = await startMailServer();
const product = await startProduct({ readyTimeoutMs: 300_000, env: await emailEnv(mails) });
let browser: Browser | undefined;
try {
  browser = await launchBrowser();
  const filled = await fillWithSamples(product, await samplePicture(browser));
  // Where the product can send mail, the invitation's link is in that mail alone.
  const links = mails.taken.flatMap(({ mail }) => /\/invite#(\S+)/.exec(mail.text ?? '')?.[1] ?? []);
  const sample = { ...filled, invitationToken: filled.invitationToken ?? links[0] };
  await rm(folder, { recursive: true, force: true });
  const { files, skipped, errors } = await capture(browser, product, sample, { folder });
  const thread = await capture(
    browser,
    product,
    { ...sample, conversationId: sample.emailConversationId },
    { folder: path.join(folder, 'email'), routes: ['conversation'] },
  );
  files.push(...thread.files);
  errors.push(...thread.errors);
  console.log(`${files.length} screenshots in ${path.relative(process.cwd(), folder) || '.'}`);
  if (skipped.length > 0) errors.push(`No sample for: ${skipped.join(', ')}`);
  for (const error of errors) console.error(error);
  process.exitCode = errors.length === 0 ? 0 : 1;
} finally {
  await browser?.close();
  await product.stop();
  await mails.close();
  await rm(product.home, { recursive: true, force: true });
}

/** Any photo will do: the browser draws one. */
async function samplePicture(from: Browser): Promise<Uint8Array> {
  const page = await from.newPage({ viewport: { width: 640, height: 420 } });
  await page.setContent(
    '<body style="margin:0;height:100vh;background:radial-gradient(circle at 30% 30%,#f6d7a7,#c98b5b 45%,#5b3a2e)"></body>',
  );
  const picture = await page.screenshot();
  await page.close();
  return picture;
}
