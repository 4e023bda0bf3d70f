import { jsonBytes, samplesOf, type ContractCase } from '../contract-case.ts';
import { accountId, instagramInbox, refusals, signedPost } from '../instagram/account.ts';
import { igsid, message, webhook } from './webhooks.ts';

const sent = (): Response =>
  Response.json({ recipient_id: igsid, message_id: 'aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3' });

export const instagramDmCase: ContractCase = {
  inbox: instagramInbox('instagram_dm'),
  samples: samplesOf('instagram_dm'),
  textBody: (text) => jsonBytes(webhook(message('text-of-the-suite', { text }))),
  request: signedPost,
  proof: { headers: ['x-hub-signature-256'], coversBody: true },
  batches: [
    {
      body: {
        object: 'instagram',
        entry: [
          {
            id: accountId,
            time: 1_763_841_600_000,
            messaging: [message('first', { text: 'one' }), 'odd', message('second', { text: 'two' })],
          },
          null,
          {
            id: accountId,
            time: 'odd',
            messaging: [{ sender: { id: igsid } }, message('third', { text: 'three' })],
          },
        ],
      },
      events: 3,
    },
  ],
  wire: {
    inboxAt: (baseUrl) => instagramInbox('instagram_dm', undefined, { baseUrl }),
    refusals,
    message: { contactExternalId: igsid },
    accept: sent,
  },
};
