/** Email around a running product: a mail server that takes what it sends, and customers whose mails come in. */
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { simpleParser, type ParsedMail } from 'mailparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import type Mail from 'nodemailer/lib/mailer';
import { SMTPServer } from 'smtp-server';
import { signBody } from '#channels/hmac.ts';
import { freePort } from './product.ts';

export interface TakenMail {
  recipients: string[];
  mail: ParsedMail;
}
export interface MailServer {
  url: string;
  taken: TakenMail[];
  close(): Promise<void>;
}

/** Takes every mail, and keeps it. */
export async function startMailServer(): Promise<MailServer> {
  const taken: TakenMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const recipients = session.envelope.rcptTo.map(({ address }) => address);
      simpleParser(stream).then((mail) => {
        taken.push({ recipients, mail });
        done();
      }, done);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    taken,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** What the product is started with, so that it has managed addresses and a way out. */
export async function emailEnv(server: Pick<MailServer, 'url'>): Promise<Record<string, string>> {
  return {
    MANAGED_EMAIL_DOMAIN: 'mail.teloring.test',
    MANAGED_SMTP_PORT: String(await freePort()),
    SMTP_URL: server.url,
    MAIL_FROM: 'Teloring <no-reply@mail.teloring.test>',
  };
}

/** A mail of a customer, as its provider hands it over. @returns the event's id, null where it was set aside */
export async function deliverMail(
  url: string,
  inbox: { id: string; secret: string; address: string },
  mail: Mail.Options,
): Promise<string | null> {
  const composed = new MailComposer({ to: inbox.address, ...mail }).compile();
  const raw = await composed.build();
  const body = JSON.stringify({ recipient: inbox.address, rawBase64: raw.toString('base64') });
  const response = await fetch(`${url}/webhooks/email/${inbox.id}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-teloring-signature': signBody(inbox.secret, body, Date.now()),
    },
  });
  if (response.status !== 202)
    throw new Error(`The mail webhook answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { eventId: string | null }).eventId;
}

/** A web server of a sender: its pictures, and who asked for them. */
export async function startPictureServer(
  picture: Uint8Array,
): Promise<{ url: string; asked: string[]; close(): Promise<void> }> {
  const asked: string[] = [];
  const server: Server = createHttpServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'image/png' }).end(picture);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
