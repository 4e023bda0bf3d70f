/** A real SMTP server that keeps what it gets, and refuses or goes silent when told. */
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface MailServer {
  url: string;
  mails: { to: string[]; raw: string }[];
  /** What it does with the next mails. */
  mood: 'takes' | 'refuses' | 'hangs_up';
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const mails: MailServer['mails'] = [];
  const sockets = new Set<Socket>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (mailServer.mood === 'refuses')
          return callback(Object.assign(new Error('Try again later'), { responseCode: 451 }));
        const to = session.envelope.rcptTo.map(({ address }) => address);
        // Headers in one line each.
        mails.push({
          to,
          raw: Buffer.concat(chunks)
            .toString()
            .replaceAll(/\r\n[ \t]+/g, ' '),
        });
        // Taken, and nobody hears of it.
        if (mailServer.mood === 'hangs_up') {
          for (const socket of sockets) socket.destroy();
          return;
        }
        callback();
      });
    },
  });
  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.server.address() as AddressInfo;
  const mailServer: MailServer = {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    mood: 'takes',
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return mailServer;
}
