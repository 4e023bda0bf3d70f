/** The customers' phones of one sandbox inbox, over `/sandbox/api/<inbox id>/…`. */
import type {
  LedgerEntry,
  PhoneAct,
  PhoneChat,
  PhoneMessage,
  SandboxDelivery,
  SandboxFault,
} from '#channels/sandbox-contract.ts';
import type { JsonObject } from '#domain/json.ts';
import { eventually } from './eventually.ts';

/** As `PhoneInput`, with files as bytes. */
export interface Written {
  chatId?: string;
  personId?: string;
  personName?: string;
  text?: string;
  subject?: string;
  media?: {
    kind: 'image' | 'audio' | 'video' | 'file' | 'sticker';
    bytes: Uint8Array;
    mimeType: string;
    name?: string;
  };
  location?: { lat: number; lon: number; name?: string };
  contact?: { name: string; phone: string };
  replyTo?: string;
  choiceId?: string;
  fromOwnApp?: boolean;
}
export interface Place {
  chatId: string;
  /** The provider's id. */
  messageId: string;
}
export interface Phone {
  write(input: Written): Promise<Place>;
  act(act: PhoneAct): Promise<void>;
  fault(fault: SandboxFault): Promise<void>;
  clearFaults(): Promise<void>;
  delivery(change: Partial<SandboxDelivery>): Promise<void>;
  release(): Promise<void>;
  /** Every send the provider accepted, oldest first. */
  sent(): Promise<LedgerEntry[]>;
  abilities(): Promise<string[]>;
  chats(): Promise<PhoneChat[]>;
  chat(chatId: string): Promise<PhoneChat>;
  facts(): Promise<JsonObject>;
  /** The business's message that fits, once it is on the phone. */
  sees(chatId: string, fits: (message: PhoneMessage) => boolean, what?: string): Promise<PhoneMessage>;
}

export type Call = <Body>(method: string, path: string, body?: unknown) => Promise<Body>;

export function phoneOf(call: Call, inboxId: string): Phone {
  const base = `/sandbox/api/${inboxId}`;
  const state = (): Promise<{ abilities: string[]; chats: PhoneChat[]; facts: JsonObject }> =>
    call('GET', `${base}/phone`);
  const phone: Phone = {
    write({ media, ...input }) {
      if (!media) return call('POST', `${base}/messages`, input);
      const { bytes, ...file } = media;
      const base64 = Buffer.from(bytes).toString('base64');
      return call('POST', `${base}/messages`, { ...input, media: { ...file, base64 } });
    },
    act: (act) => call('POST', `${base}/acts`, act),
    fault: (fault) => call('POST', `${base}/faults`, fault),
    clearFaults: () => call('POST', `${base}/faults/clear`, {}),
    delivery: (change) => call('POST', `${base}/delivery`, change),
    release: () => call('POST', `${base}/release`, {}),
    sent: async () => (await call<{ items: LedgerEntry[] }>('GET', `${base}/sent`)).items,
    abilities: async () => (await state()).abilities,
    chats: async () => (await state()).chats,
    async chat(chatId) {
      const { chats } = await state();
      const found = chats.find(({ id }) => id === chatId);
      if (!found) throw new Error(`No chat ${chatId} among ${chats.map(({ id }) => id).join(', ')}.`);
      return found;
    },
    facts: async () => (await state()).facts,
    sees: (chatId, fits, what = 'the business’s message on the phone') =>
      eventually(
        what,
        async () =>
          (await phone.chat(chatId)).messages.find((each) => each.from === 'business' && fits(each)),
        { seen: () => phone.chat(chatId) },
      ),
  };
  return phone;
}
