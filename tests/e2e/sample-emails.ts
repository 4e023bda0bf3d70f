/** Customers who write emails, and an agent who answers: something to look at in a thread of mails. */
import { setTimeout as sleep } from 'node:timers/promises';
import { deliverMail } from '../support/email-world.ts';

export interface SampleApi {
  <T>(method: string, pathname: string, body?: object): Promise<T>;
}
interface Conversation {
  id: string;
  contact: { externalId: string };
}

const newsletter = `
<table width="640" cellpadding="0" cellspacing="0" style="background-color:#10243f;color:#ffffff;font-family:Georgia,serif">
  <tr><td style="padding:28px"><h1 style="margin:0;color:#ffd27a">Lisbon in November</h1>
  <p style="font-size:16px">Dear guest, your room is ready. <a href="https://hotel.example/booking" style="color:#9fd0ff">See your booking</a></p>
  <img src="https://hotel.example/pixel.png" width="1" height="1" alt=""><img src="https://hotel.example/room.jpg" width="560" alt="The room">
  </td></tr></table>`;

/** Makes an inbox and fills it. @returns the conversation worth looking at */
export async function writeEmails(url: string, api: SampleApi, picture: Uint8Array): Promise<string> {
  const { inbox, secret } = await api<{ inbox: { id: string; account: { label: string } }; secret: string }>(
    'POST',
    '/api/inboxes',
    {
      type: 'email',
      name: 'Support mail',
      credentials: { kind: 'managed', forwardedFrom: 'help@shop.example' },
    },
  );
  const settings = {
    fromName: 'Shop support',
    signature: '{{agent.name}}\nShop · Baker Street 7, London',
    undoSeconds: 0,
  };
  await api('PATCH', `/api/inboxes/${inbox.id}`, { settings });
  const to = { id: inbox.id, secret, address: inbox.account.label };
  const writeTo = { id: inbox.id, secret, address: inbox.account.label };
  const conversationOf = async (address: string): Promise<string> => {
    for (let tries = 0; tries < 100; tries++) {
      const { items } = await api<{ items: Conversation[] }>('GET', `/api/conversations?inboxId=${inbox.id}`);
      const found = items.find(({ contact }) => contact.externalId === address);
      if (found) return found.id;
      await sleep(100);
    }
    throw new Error(`No conversation of ${address} came to be.`);
  };
  const say = (conversationId: string, text: string, email: object = {}) =>
    api('POST', `/api/conversations/${conversationId}/messages`, {
      clientMessageId: crypto.randomUUID(),
      parts: [
        { kind: 'email', ...email },
        { kind: 'text', text },
      ],
    });

  const grace = 'grace@navy.example';
  const colleague = { name: 'Howard Aiken', address: 'howard@navy.example' };
  await deliverMail(url, to, {
    from: { name: 'Grace Hopper', address: grace },
    to: ['help@shop.example', to.address],
    cc: [colleague],
    subject: 'The desk lamp flickers',
    messageId: '<lamp-1@navy.example>',
    text: 'Hello,\n\nthe lamp I bought in October flickers as soon as it gets warm. The invoice and a photo are attached. Could you send a new one?\n\nBest wishes\nGrace',
    attachments: [
      { filename: 'lamp.png', content: Buffer.from(picture), contentType: 'image/png' },
      {
        filename: 'invoice-2207.txt',
        content: 'Invoice 2207\nDesk lamp, brass\n',
        contentType: 'text/plain',
      },
    ],
  });
  const thread = await conversationOf(grace);
  await say(
    thread,
    'Dear Grace,\n\nthank you for the photo, that shows it well. A new lamp leaves us today; please keep the old one until it has arrived.',
    { to: [{ address: grace, name: 'Grace Hopper' }], cc: [colleague] },
  );
  await sleep(500);
  const quoted =
    'On Thu, 26 Nov 2026 at 10:12, Shop support wrote:\n> Dear Grace,\n>\n> thank you for the photo, that shows it well. A new lamp leaves us today;\n> please keep the old one until it has arrived.';
  await deliverMail(url, to, {
    from: colleague,
    to: [to.address],
    cc: [{ name: 'Grace Hopper', address: grace }],
    subject: 'Re: The desk lamp flickers',
    inReplyTo: '<lamp-1@navy.example>',
    messageId: '<lamp-2@navy.example>',
    text: `I am Grace’s colleague. Please send it to our new office at 12 Harbour Road instead.\n\nHoward\n\n${quoted}`,
    html: `<div style="font-family:Arial"><p>I am Grace’s colleague. Please send it to <b style="color:#b00020">our new office at 12 Harbour Road</b> instead.</p><p>Howard</p><img src="https://navy.example/logo.png" alt="Navy"><blockquote>${quoted.replaceAll('\n', '<br>')}</blockquote></div>`,
  });
  await sleep(500);
  await api('POST', `/api/conversations/${thread}/messages`, {
    clientMessageId: crypto.randomUUID(),
    text: 'Howard is on copy in all of her orders; the new address is fine.',
    private: true,
  });
  await deliverMail(url, writeTo, {
    from: { name: 'Grace Hopper', address: grace },
    subject: 'New invoice address',
    inReplyTo: '<lamp-2@navy.example>',
    messageId: '<lamp-3@navy.example>',
    headers: { 'Auto-Submitted': 'auto-replied' },
    text: 'I am out of the office until Monday.',
  });
  await deliverMail(url, writeTo, {
    from: { name: 'Hotel Lisboa', address: 'news@hotel.example' },
    subject: 'Lisbon in November',
    headers: { 'List-Id': '<guests.hotel.example>' },
    text: 'Dear guest, your room is ready.',
    html: newsletter,
  });
  await deliverMail(url, writeTo, {
    from: { name: 'Taro Yamada', address: 'taro@example.jp' },
    subject: '注文の配送状況について',
    text: '注文番号4711の配送状況を教えてください。',
  });
  return thread;
}
