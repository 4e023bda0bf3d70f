/** Takes sends as Meta documents them, and refuses what is too long, too many or incomplete. Knows nothing of the adapter. */
import { z } from 'zod';

const base = z.strictObject({
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.enum(['individual', 'group']),
  to: z.string().min(1).optional(),
  recipient: z
    .string()
    .regex(/^[A-Z]{2}\./)
    .optional(),
  context: z.strictObject({ message_id: z.string().min(1) }).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
});
const said = (most: number): z.ZodType<string> =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => text.trim() !== '');
const trimmed = (most: number): z.ZodType<string> => said(most).refine((text) => text === text.trim());
const caption = z.string().min(1).max(1024).optional();
const asset = { id: z.string().min(1) };
const rows = z
  .array(z.strictObject({ id: trimmed(200), title: said(24), description: said(72).optional() }))
  .min(1)
  .max(10)
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length);
const buttons = z
  .array(
    z.strictObject({
      type: z.literal('reply'),
      reply: z.strictObject({ id: trimmed(256), title: said(20) }),
    }),
  )
  .min(1)
  .max(3)
  .refine((list) => new Set(list.map(({ reply }) => reply.id)).size === list.length)
  .refine((list) => new Set(list.map(({ reply }) => reply.title)).size === list.length);
const interactive = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('button'),
    body: z.strictObject({ text: said(1024) }),
    action: z.strictObject({ buttons }),
  }),
  z.strictObject({
    type: z.literal('list'),
    body: z.strictObject({ text: said(4096) }),
    action: z.strictObject({ button: trimmed(20), sections: z.array(z.strictObject({ rows })).length(1) }),
  }),
]);

export const sendRequest = z.discriminatedUnion('type', [
  base.extend({
    type: z.literal('text'),
    text: z.strictObject({ body: said(4096), preview_url: z.boolean().optional() }),
  }),
  base.extend({ type: z.literal('image'), image: z.strictObject({ ...asset, caption }) }),
  base.extend({ type: z.literal('video'), video: z.strictObject({ ...asset, caption }) }),
  base.extend({ type: z.literal('audio'), audio: z.strictObject(asset) }),
  base.extend({
    type: z.literal('document'),
    document: z.strictObject({ ...asset, caption, filename: z.string().min(1).optional() }),
  }),
  base.extend({
    type: z.literal('location'),
    location: z.strictObject({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      name: z.string().min(1).optional(),
      address: z.string().min(1).optional(),
    }),
  }),
  base.extend({
    type: z.literal('contacts'),
    contacts: z
      .array(z.looseObject({ name: z.looseObject({ formatted_name: said(1000), first_name: said(1000) }) }))
      .min(1),
  }),
  base.extend({ type: z.literal('interactive'), interactive }),
  base.extend({
    type: z.literal('template'),
    template: z.strictObject({
      name: said(512),
      language: z.strictObject({ code: said(15) }),
      components: z.array(z.looseObject({ type: z.enum(['header', 'body', 'button']) })).optional(),
    }),
  }),
]);
export type SendRequest = z.infer<typeof sendRequest>;

/** The answer to an upload or a send; 100 for a payload that isn't as documented. */
export async function acceptAsWhatsapp(request: Request, path: string): Promise<Response> {
  if (/^\/v\d+\.0\/\d+\/media(\?|$)/.test(path)) {
    const form = await request.formData();
    const whole = form.get('messaging_product') === 'whatsapp' && form.get('file') instanceof File;
    return whole
      ? Response.json({ id: '1003383421387256' })
      : refusal('(#100) The parameter file is required.');
  }
  const read = sendRequest.safeParse(await request.json());
  if (!read.success) return refusal(`(#100) Invalid parameter: ${z.prettifyError(read.error)}`);
  const { to, recipient } = read.data;
  if (to === undefined && recipient === undefined) return refusal('(#100) The parameter to is required.');
  return Response.json({
    messaging_product: 'whatsapp',
    contacts: [{ input: to ?? recipient, ...(to === undefined ? { user_id: recipient } : { wa_id: to }) }],
    messages: [{ id: 'wamid.HBgLMTY1MDU1NTEyMzQVAgARGBI4MjZGRDA0OUE2OTQ3RkEyMzcA' }],
  });
}

function refusal(message: string): Response {
  return Response.json({ error: { message, type: 'OAuthException', code: 100 } }, { status: 400 });
}
