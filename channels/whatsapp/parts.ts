import type { MediaKind } from '#domain/message.ts';
import type { InboundMedia, InboundPart } from '../contract.ts';
import * as wire from './wire.ts';

/** What a message of this type says. What is new to us or not as documented is `unsupported`, never lost. */
export function partsOf(type: string, message: Readonly<Record<string, unknown>>): InboundPart[] {
  const reader = Object.hasOwn(readers, type) ? readers[type] : undefined;
  const parts = reader?.(message[type]) ?? [];
  return parts.length > 0 ? parts : [{ kind: 'unsupported', what: whatOf(type, message) }];
}

type Reader = (content: unknown) => InboundPart[] | null;

const readers: Record<string, Reader> = {
  text: (content) => {
    const read = wire.textContent.safeParse(content);
    return read.success ? [{ kind: 'text', text: read.data.body }] : null;
  },
  image: media('image', 'image/jpeg'),
  sticker: media('image', 'image/webp'),
  audio: media('audio', 'audio/ogg'),
  voice: media('audio', 'audio/ogg'),
  video: media('video', 'video/mp4'),
  document: media('file', 'application/octet-stream'),
  location: (content) => {
    const read = wire.location.safeParse(content);
    if (!read.success) return null;
    const { latitude: lat, longitude: lon, name, address } = read.data;
    const place = [name, address].filter(Boolean).join(', ');
    return [{ kind: 'location', lat, lon, ...(place === '' ? {} : { name: place }) }];
  },
  contacts: (content) => (Array.isArray(content) ? content.map(cardOf) : null),
  interactive: interactiveReply,
  button: (content) => {
    const read = wire.quickReply.safeParse(content);
    if (!read.success) return null;
    const { payload, text } = read.data;
    const id = payload || text;
    return id ? [{ kind: 'choice_reply', id, label: text || id }] : null;
  },
  order: (content) => {
    const read = wire.order.safeParse(content);
    if (!read.success) return null;
    const { text, product_items: items } = read.data;
    const lines = items.map(
      ({ quantity = 1, product_retailer_id: product = '?', item_price: price, currency }) =>
        [
          `${quantity} × ${product}`,
          price === undefined ? '' : `(${price} ${currency ?? ''})`.replace(' )', ')'),
        ]
          .filter(Boolean)
          .join(' '),
    );
    const said = [text, ...lines].filter(Boolean).join('\n');
    return said === '' ? null : [{ kind: 'text', text: said }];
  },
};

function media(kind: MediaKind, usual: string): Reader {
  return (content) => {
    const read = wire.media.safeParse(content);
    if (!read.success) return null;
    const { id: mediaId, mime_type: declared, caption, filename: name } = read.data;
    const mimeType = declared?.split(';')[0]?.trim() || usual;
    const part: InboundMedia = {
      kind,
      source: { mediaId, mimeType, ...(name ? { name } : {}) },
      mimeType,
      ...(name ? { name } : {}),
      ...(caption ? { caption } : {}),
    };
    return [part];
  };
}

function cardOf(content: unknown): InboundPart {
  const read = wire.card.safeParse(content);
  if (!read.success) return { kind: 'unsupported', what: 'contacts' };
  const { name, phones = [], emails = [] } = read.data;
  const numbers = phones.flatMap(({ phone, wa_id: waId }) => phone || (waId ? `+${waId}` : []));
  const addresses = emails.flatMap(({ email }) => email || []);
  const full = name?.formatted_name || [name?.first_name, name?.last_name].filter(Boolean).join(' ');
  return {
    kind: 'contact_card',
    // A shared number of one's own comes without a name.
    name: full || numbers[0] || addresses[0] || '',
    ...(numbers.length === 0 ? {} : { phones: numbers }),
    ...(addresses.length === 0 ? {} : { emails: addresses }),
  };
}

function interactiveReply(content: unknown): InboundPart[] | null {
  if (content === null || typeof content !== 'object') return null;
  for (const key of ['button_reply', 'list_reply'] as const) {
    const read = wire.chosen.safeParse((content as Record<string, unknown>)[key]);
    if (read.success)
      return [{ kind: 'choice_reply', id: read.data.id, label: read.data.title || read.data.id }];
  }
  const form = wire.formReply.safeParse((content as Record<string, unknown>)['nfm_reply']);
  if (!form.success) return null;
  const said = [form.data.body, ...answersOf(form.data.response_json)].filter(Boolean).join('\n');
  return said === '' ? null : [{ kind: 'text', text: said }];
}

/** What a customer filled into a form, one line a field; the token is the form's own business. */
function answersOf(json = ''): string[] {
  let answers: unknown;
  try {
    answers = JSON.parse(json);
  } catch {
    return json === '' ? [] : [json];
  }
  if (answers === null || typeof answers !== 'object') return [];
  return Object.entries(answers)
    .filter(([field]) => field !== 'flow_token')
    .map(([field, answer]) => `${field}: ${typeof answer === 'string' ? answer : JSON.stringify(answer)}`);
}

/** Named as precisely as the provider does: "unsupported: poll", "interactive: call_permission_reply". */
function whatOf(type: string, message: Readonly<Record<string, unknown>>): string {
  const content = wire.unsupported.safeParse(message[type]);
  const errors = Array.isArray(message['errors']) ? wire.error.safeParse(message['errors'][0]) : undefined;
  const inner = content.success ? content.data.type : undefined;
  const reason = errors?.success ? (errors.data.error_data?.details ?? errors.data.title) : undefined;
  return [type, inner || reason].filter(Boolean).join(': ');
}
