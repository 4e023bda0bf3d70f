/** The phones of one sandbox inbox, asked for again and again while the page is looked at. */
import { api } from '../../lib/api/endpoints.ts';
import { isAbort, messageOf } from '../../lib/api/client.ts';
import type { Phone, PhoneAct, PhoneChat, PhoneInput } from '../../lib/api/types.ts';
import { attempt } from '../../lib/notify.ts';

const EVERY_MS = 1_000;

interface PhoneCall {
  from: string;
  to: string;
  status: string;
  parentSid: string | null;
}

export class PhoneState {
  phone = $state.raw<Phone | null>(null);
  failure = $state<string | null>(null);
  /** The chat on the screen; '' begins a new one, null is whatever was written last. */
  wanted = $state<string | null>(null);
  readonly inboxId: string;
  #last = '';

  constructor(inboxId: string) {
    this.inboxId = inboxId;
  }

  /** Newest word first. */
  readonly chats: PhoneChat[] = $derived(
    [...(this.phone?.chats ?? [])].sort((a, b) => lastAtMs(b) - lastAtMs(a)),
  );
  readonly open: PhoneChat | null = $derived(
    this.wanted === null
      ? (this.chats[0] ?? null)
      : (this.chats.find((chat) => chat.id === this.wanted) ?? null),
  );
  can(ability: string): boolean {
    return this.phone?.abilities.includes(ability) ?? false;
  }

  /** The customer's sides of calls that go on, on a phone that calls. */
  callsOf(customer: string): { status: string; parentSid: string | null }[] {
    const { calls } = (this.phone?.facts ?? {}) as { calls?: PhoneCall[] };
    return (calls ?? []).filter(
      ({ from, to, status, parentSid }) =>
        ['queued', 'ringing', 'in-progress'].includes(status) &&
        (parentSid === null ? from === customer : to === customer),
    );
  }

  follow(): () => void {
    const ended = new AbortController();
    const timer = setInterval(() => {
      if (!document.hidden) void this.load(ended.signal);
    }, EVERY_MS);
    void this.load(ended.signal);
    return () => {
      clearInterval(timer);
      ended.abort();
    };
  }
  async load(signal?: AbortSignal): Promise<void> {
    try {
      const phone = await api.phone(this.inboxId, signal);
      // The same again draws nothing again: a menu stays open, a caret where it was.
      const text = JSON.stringify(phone);
      if (text !== this.#last) this.phone = phone;
      this.#last = text;
      this.failure = null;
    } catch (error) {
      if (!isAbort(error)) this.failure = messageOf(error);
    }
  }
  /** Answers whether it was taken. */
  async write(input: PhoneInput): Promise<boolean> {
    return await attempt('The sandbox didn’t take it', async () => {
      const { chatId } = await api.writeInSandbox(this.inboxId, input);
      this.wanted = chatId;
      await this.load();
    });
  }
  async act(act: PhoneAct): Promise<boolean> {
    return await attempt('The sandbox didn’t take it', async () => {
      await api.actInSandbox(this.inboxId, act);
      await this.load();
    });
  }
}

export function lastAtMs(chat: PhoneChat): number {
  return chat.messages.at(-1)?.atMs ?? 0;
}
