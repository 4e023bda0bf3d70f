/** A bare SIP phone in a browser of its own: the customer, or a colleague's desk phone, in tests of the studio's softphone. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import type { SipProxy } from './sip-proxy.ts';
import type { Heard } from './sip-phone/page.ts';

/** Flags of a browser that takes part in calls: a microphone that beeps, no questions, addresses of its own in the open. */
export const CALL_FLAGS = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
] as const;

export interface BareSipPhone {
  page: Page;
  registered(): Promise<boolean>;
  meet(onCall: 'ring' | 'answer' | 'busy' | 'decline'): Promise<void>;
  call(user: string, extraHeaders?: string[]): Promise<void>;
  answer(): Promise<void>;
  hangUp(): Promise<void>;
  isEstablished(): Promise<boolean>;
  isHeldByOther(): Promise<boolean>;
  heard(): Promise<Heard>;
  log(): Promise<string[]>;
  close(): Promise<void>;
}
export interface SipPhones {
  open(
    browser: Browser,
    as: { user: string; password: string; name: string; onCall?: 'ring' | 'answer' | 'busy' | 'decline' },
  ): Promise<BareSipPhone>;
  close(): Promise<void>;
}

/** Bundles the page once and serves it on loopback, where browsers give a microphone without TLS. */
export async function serveSipPhones(proxy: Pick<SipProxy, 'wsUrl' | 'domain'>): Promise<SipPhones> {
  const script = await bundle();
  const server = createServer((request, response) => {
    const isScript = request.url === '/phone.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(
      isScript ? script : '<!doctype html><title>A phone</title><script src="/phone.js"></script>',
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    async open(browser, { user, password, name, onCall = 'ring' }) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.evaluate((given) => window.sipPhone.start(given), {
        wsUrl: proxy.wsUrl,
        uri: `sip:${user}@${proxy.domain}`,
        password,
        displayName: name,
        onCall,
      });
      return {
        page,
        registered: () => page.evaluate(() => window.sipPhone.isRegistered()),
        meet: (how) => page.evaluate((next) => window.sipPhone.meet(next), how),
        call: (to, headers = []) =>
          page.evaluate(([target, extra]) => window.sipPhone.call(target, extra), [
            `sip:${to}@${proxy.domain}`,
            headers,
          ] as const),
        answer: () => page.evaluate(() => window.sipPhone.answer()),
        hangUp: () => page.evaluate(() => window.sipPhone.hangUp()),
        isEstablished: () => page.evaluate(() => window.sipPhone.isEstablished()),
        isHeldByOther: () => page.evaluate(() => window.sipPhone.isHeldByOther()),
        heard: () => page.evaluate(() => window.sipPhone.heard()),
        log: () => page.evaluate(() => window.sipPhone.log()),
        close: () => context.close(),
      };
    },
    close: () => stop(server),
  };
}

async function bundle(): Promise<string> {
  const made = await build({
    configFile: false,
    logLevel: 'warn',
    root: import.meta.dirname,
    build: {
      write: false,
      minify: false,
      lib: { entry: path.join(import.meta.dirname, 'sip-phone/page.ts'), formats: ['iife'], name: 'unused' },
    },
  });
  const [first] = Array.isArray(made) ? made : [made];
  const chunk = first && 'output' in first ? first.output[0] : undefined;
  if (!chunk) throw new Error('The phone’s page could not be bundled.');
  return chunk.code;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
}
