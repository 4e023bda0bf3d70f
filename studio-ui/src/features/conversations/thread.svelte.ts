/** One open conversation: its messages, its activity lines, what the agent sends, and every change as it happens. */
import type { CommentAction } from '#domain/channel.ts';
import { uuidV7 } from '#domain/ids.ts';
import { plainText, type Part } from '#domain/message.ts';
import { ApiFailure, isAbort, messageOf } from '../../lib/api/client.ts';
import { api } from '../../lib/api/endpoints.ts';
import type { Activity, Conversation, ConversationChange, Message } from '../../lib/api/types.ts';
import { feed } from '../../lib/feed.svelte.ts';
import { attempt } from '../../lib/notify.ts';
import { throttled } from '../../lib/throttled.ts';
import type { SendAs } from './reply-target.ts';
import { isSameSend, mergeMessages, type PendingMessage } from './thread-rows.ts';

const PAGE = 50;
const REFRESHED = 20;
const TYPING_MS = 5_000;
/** Their browser says it again while they write. */
const TYPING_SHOWN_MS = 6_000;
const REVEALED_MS = 2_000;

export class Thread {
  readonly id: string;
  conversation = $state.raw<Conversation | null>(null);
  messages = $state.raw<Message[]>([]);
  activities = $state.raw<Activity[]>([]);
  pending = $state.raw<PendingMessage[]>([]);
  failure = $state.raw<ApiFailure | null>(null);
  hasOlder = $state(false);
  isLoadingOlder = $state(false);
  /** What the next reply answers. */
  replyTo = $state.raw<Message | null>(null);
  /** Taken back just now: what it said belongs in the composer again. */
  returned = $state.raw<Message | null>(null);
  /** The message a quote led to, for a moment. */
  revealedId = $state<string | null>(null);
  /** The contact is writing, as far as their browser said a moment ago. */
  isContactTyping = $state(false);
  /** Said by the live region. */
  announcement = $state('');
  readonly #abort = new AbortController();
  #readSeq = 0;
  #stored: Conversation | null = null;
  #changes: readonly ConversationChange[] = [];
  #changing: Promise<unknown> = Promise.resolve();
  #sending: Promise<unknown> = Promise.resolve();
  #typedAt = 0;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** Loads and then follows the feed until the returned function is called. */
  open(): () => void {
    void this.load();
    const refresh = throttled(() => void this.#refresh(), 30, 300);
    const undo = [
      feed.onEvent((event) => {
        if (event.conversationId !== this.id) return;
        // What they were writing, or something else: they say so anew.
        if (event.name === 'message.created') this.#showTyping(false);
        if (event.name === 'message.updated' && event.seq !== undefined) return void this.#reread(event.seq);
        refresh();
        // What a refresh doesn't reach: a reaction or an edit further up.
        const at = this.messages.findIndex((message) => message.id === event.messageId);
        const changed = at >= 0 && at < this.messages.length - REFRESHED ? this.messages[at] : undefined;
        if (changed) void this.#reread(changed.seq);
      }),
      feed.onTyping(({ conversationId, typing }) => {
        if (conversationId === this.id) this.#showTyping(typing);
      }),
      feed.onResync(() => void this.load()),
    ];
    return () => {
      this.#abort.abort();
      refresh.cancel();
      undo.forEach((stop) => stop());
    };
  }

  async load(): Promise<void> {
    await this.#guarded(async (signal) => {
      const [conversation, page] = await Promise.all([
        api.conversation(this.id, signal),
        api.messages(this.id, { limit: String(PAGE) }, signal),
      ]);
      this.#accept(page.items, page.activities);
      this.#show(conversation);
      this.hasOlder = (this.messages[0]?.seq ?? 1) > 1;
      this.failure = null;
      this.#markRead();
    });
  }
  async older(): Promise<void> {
    const first = this.messages[0];
    if (!this.hasOlder || this.isLoadingOlder || !first) return;
    this.isLoadingOlder = true;
    await this.#guarded(async (signal) => {
      const page = await api.messages(this.id, { before: String(first.seq), limit: String(PAGE) }, signal);
      this.#accept(page.items, page.activities);
      this.hasOlder = page.items.length > 0 && (this.messages[0]?.seq ?? 1) > 1;
    });
    this.isLoadingOlder = false;
  }

  /** Shows the message at once; several go out in the order they were written. A retry keeps the client's id, so it can't be sent twice. */
  async send(parts: Part[], sendAs: SendAs = {}, clientMessageId: string = uuidV7()): Promise<void> {
    const { isPrivate, ...answers } = sendAs;
    const pending: PendingMessage = { clientMessageId, parts, sendAs, state: 'sending', atMs: Date.now() };
    this.pending = [...this.pending.filter((one) => one.clientMessageId !== clientMessageId), pending];
    const answer = this.#sending.then(() =>
      api.sendMessage(this.id, {
        clientMessageId,
        parts,
        ...answers,
        ...(isPrivate ? { private: true } : {}),
      }),
    );
    // One that fails holds up none.
    this.#sending = answer.catch(() => undefined);
    try {
      const message = await answer;
      this.#forget(clientMessageId);
      this.#accept([message]);
    } catch (error) {
      this.pending = this.pending.map((one) =>
        one.clientMessageId === clientMessageId ? { ...one, state: 'failed', reason: messageOf(error) } : one,
      );
    }
  }
  retry(pending: PendingMessage): Promise<void> {
    return this.send(pending.parts, pending.sendAs, pending.clientMessageId);
  }
  discard(pending: PendingMessage): void {
    this.#forget(pending.clientMessageId);
  }
  #forget(clientMessageId: string): void {
    this.pending = this.pending.filter((one) => one.clientMessageId !== clientMessageId);
  }

  /** Takes a message back while it is held; a refusal says that it is on its way. */
  undo(message: Message): Promise<boolean> {
    return attempt('It couldn’t be taken back', async () => {
      this.#accept([await api.withdrawMessage(message.id)]);
      this.returned = message;
      this.announcement = 'Taken back. It was not sent.';
    });
  }

  #showTyping(typing: boolean): void {
    clearTimeout(this.#typingTimer);
    this.isContactTyping = typing;
    if (typing) this.#typingTimer = setTimeout(() => (this.isContactTyping = false), TYPING_SHOWN_MS);
  }

  /** Tells the contact that somebody types; the provider's own sign lasts some seconds. */
  typing(): void {
    if (Date.now() - this.#typedAt < TYPING_MS) return;
    this.#typedAt = Date.now();
    // A courtesy: nobody is bothered where it doesn't arrive.
    api.typing(this.id).catch(() => undefined);
  }
  /** Hides, likes or deletes a comment at the provider; a refusal is said in its words. */
  actOn(message: Message, action: CommentAction, failed: string): Promise<boolean> {
    return attempt(failed, async () => {
      const changed = await api.actOnComment(message.id, action);
      // With the line that says who did it.
      await this.#refresh();
      this.#accept([changed]);
    });
  }
  /** Leads to a message, loading older pages until it is there. */
  async reveal(messageId: string): Promise<void> {
    while (this.hasOlder && !this.messages.some((message) => message.id === messageId)) {
      const first = this.messages[0]?.seq;
      await this.older();
      if (this.messages[0]?.seq === first) return;
    }
    this.revealedId = messageId;
    setTimeout(() => (this.revealedId = null), REVEALED_MS);
  }

  /** Shows the change at once and takes it back if it is refused. One goes out after the other: the last given is the last stored. */
  async change(what: string, change: ConversationChange): Promise<boolean> {
    if (!this.#stored) return false;
    this.#changes = [...this.#changes, change];
    this.#show(this.#stored);
    const turn = this.#changing.then(() =>
      attempt(what, async () => {
        this.#stored = await api.changeConversation(this.id, change);
      }),
    );
    this.#changing = turn;
    const isDone = await turn;
    this.#changes = this.#changes.filter((other) => other !== change);
    this.#show(this.#stored);
    return isDone;
  }
  /** What the server has, under what is still on its way to it. */
  #show(stored: Conversation): void {
    this.#stored = stored;
    this.conversation = this.#changes.reduce<Conversation>(
      (shown, change) => ({ ...shown, ...change }),
      stored,
    );
  }

  async #refresh(): Promise<void> {
    await this.#guarded(async (signal) => {
      const last = this.messages.at(-1)?.seq ?? 0;
      const [conversation, page] = await Promise.all([
        api.conversation(this.id, signal),
        api.messages(this.id, { limit: String(REFRESHED) }, signal),
      ]);
      const isJoined = last === 0 || (page.items[0]?.seq ?? 0) <= last + 1;
      if (!isJoined) return this.load();
      this.#announce(page.items.filter((message) => message.seq > last && message.direction === 'in'));
      this.#accept(page.items, page.activities);
      this.#show(conversation);
      this.#markRead();
    });
  }
  /** One message changed: only that one is read. */
  async #reread(seq: number): Promise<void> {
    await this.#guarded(async (signal) => {
      const page = await api.messages(this.id, { before: String(seq + 1), limit: '1' }, signal);
      this.#accept(page.items);
    });
  }
  #accept(fresh: Message[], lines: Activity[] = []): void {
    this.messages = mergeMessages(this.messages, fresh);
    const known = new Set(this.activities.map((line) => line.id));
    const added = lines.filter((line) => !known.has(line.id));
    if (added.length > 0) this.activities = [...this.activities, ...added];
    this.pending = this.pending.filter((one) => !fresh.some((message) => isSameSend(message, one)));
  }
  #announce(fresh: Message[]): void {
    const last = fresh.at(-1);
    if (last)
      this.announcement = `${last.author.name ?? 'The contact'}: ${plainText(last.parts) || 'an attachment'}`;
  }
  #markRead(): void {
    const seq = this.conversation?.lastSeq ?? 0;
    if (seq <= this.#readSeq || document.visibilityState !== 'visible') return;
    this.#readSeq = seq;
    // Being marked as read is no promise: the next opening does it again.
    api.markRead(this.id, seq).catch(() => undefined);
  }
  async #guarded(load: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await load(this.#abort.signal);
    } catch (error) {
      if (isAbort(error)) return;
      const failure = error instanceof ApiFailure ? error : new ApiFailure(0, 'unexpected', messageOf(error));
      // What is on screen stays; only a thread that never loaded shows the failure in its place.
      if (!this.conversation) this.failure = failure;
    }
  }
}
