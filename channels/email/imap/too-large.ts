/** A mail larger than we take in, as a note: its own headers, what it is, and the beginning of its text. Never skipped in silence. */
import type { Readable } from 'node:stream';
import type { ImapFlow, MessageStructureObject } from 'imapflow';
import { asking } from './connection.ts';
import type { MailFacts } from './folder.ts';
import { MAX_EXCERPT_BYTES, MAX_HEADER_BYTES, MAX_RAW_BYTES } from './limits.ts';

/** @returns null where it is gone */
export async function noteOf(client: ImapFlow, mail: MailFacts): Promise<Buffer | null> {
  const found = await asking(client, 'asking about a large mail', () =>
    client.fetchOne(
      String(mail.uid),
      {
        uid: true,
        bodyStructure: true,
        bodyParts: [{ key: 'HEADER', start: 0, maxLength: MAX_HEADER_BYTES }],
      },
      { uid: true },
    ),
  );
  if (!found) return null;
  const headers = found.headers ?? Buffer.alloc(0);
  const part = found.bodyStructure && firstText(found.bodyStructure);
  return noteFrom(headers, mail.size, part === undefined ? '' : await excerpt(client, mail.uid, part));
}

/** Headers that speak of the body as it was, or sign it. */
const OF_THE_BODY = /^(content-[\w-]+|mime-version|dkim-signature|arc-[\w-]+|lines|x-ms-has-attach):/i;

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);

/** Pure. `text` is what the mail begins with, '' where it has none. */
export function noteFrom(headers: Uint8Array, sizeBytes: number, text: string): Buffer {
  const kept = Buffer.from(headers)
    .toString('latin1')
    .split(/\r?\n(?![ \t])/)
    .filter((line) => line.includes(':') && !OF_THE_BODY.test(line));
  const body = [
    `[This email has ${megabytes(sizeBytes)} MB, more than the ${megabytes(MAX_RAW_BYTES)} MB that come in here. It is whole in the mailbox; its attachments are missing here.]`,
    ...(text === '' ? [] : ['', text]),
  ].join('\r\n');
  const own = [
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
  ];
  const encoded = Buffer.from(body).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
  // Headers are bytes as they came; only what is ours is known to be text.
  return Buffer.concat([
    Buffer.from([...kept, ''].join('\r\n'), 'latin1'),
    Buffer.from([...own, '', encoded, ''].join('\r\n')),
  ]);
}

/** The first text that is no attachment. */
function firstText(node: MessageStructureObject): string | undefined {
  if (node.childNodes) return node.childNodes.map(firstText).find((part) => part !== undefined);
  // A mail that is nothing but text has no part number of its own.
  return node.type === 'text/plain' && node.disposition !== 'attachment' ? (node.part ?? '1') : undefined;
}

async function excerpt(client: ImapFlow, uid: number, part: string): Promise<string> {
  return asking(client, 'fetching a text', async () => {
    const { content } = await client.download(String(uid), part, { uid: true, maxBytes: MAX_EXCERPT_BYTES });
    return content ? textOf(content) : '';
  });
}

async function textOf(content: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(Buffer.from(chunk as Uint8Array));
  const text = new TextDecoder().decode(Buffer.concat(chunks));
  return text.length < MAX_EXCERPT_BYTES / 2 ? text : `${text.slice(0, MAX_EXCERPT_BYTES / 2)}…`;
}
