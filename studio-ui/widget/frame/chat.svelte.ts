/** The chat's state: the thread the server has, what the visitor wrote since, and how the connection is. */
import { createComposing } from './composing.ts';
import { createConnection } from './connection.ts';
import type { Host } from './host.ts';
import { shortly, tellNews } from './news.ts';
import { createPerson } from './person.ts';
import { createReceipts } from './receipts.ts';
import { createOutbox, type Outgoing, type OutgoingBody } from './outbox.ts';
import type { Store } from './storage.ts';
import { createStream } from './stream.ts';
import { createVisitorState, type Problem } from './visitor-state.svelte.ts';
import type { ChoiceOption, ThreadMessage, ThreadPage, Typing, VisitorState } from './wire.ts';
import { language } from './words.svelte.ts';

const hiddenTooLongMs = 5 * 60_000;

/** What the components see: the chat itself, or what the settings' preview plays. */
export interface Chat {
  readonly messages: ThreadMessage[];
  readonly outgoing: Outgoing[];
  readonly loading: boolean;
  readonly earlier: boolean;
  readonly loadingEarlier: boolean;
  /** No connection, or nothing gets through. */
  readonly offline: boolean;
  /** Null until the server has said. */
  readonly state: VisitorState | null;
  readonly typing: Typing | null;
  readonly survey: VisitorState['survey'];
  send(body: OutgoingBody, file?: Blob): string;
  /** Something is being written, or no longer. */
  compose(isWriting: boolean): void;
  choose(choice: ChoiceOption): string;
  retry(clientMessageId: string): void;
  discard(clientMessageId: string): void;
  previewOf(clientMessageId: string): string | null;
  loadEarlier(): Promise<void>;
  show(isShown: boolean): void;
  answerQuestions(answers: Record<string, string>, consent: boolean): Promise<Problem[]>;
  /** Resolves to whether the server has it. */
  rate(score: number, comment: string): Promise<boolean>;
  /** Asked no more. */
  closeSurvey(): void;
}

export function createChat(store: Store, host: Host): Chat {
  let messages = $state.raw<ThreadMessage[]>([]);
  let outgoing = $state.raw<Outgoing[]>([]);
  let loading = $state(true);
  let earlier = $state(false);
  let loadingEarlier = $state(false);
  let down = $state(false);
  let stuck = $state(false);
  let shown = $state(false);
  let place: string | null = null;
  let downTimer: ReturnType<typeof setTimeout> | undefined;
  let restTimer: ReturnType<typeof setTimeout> | undefined;
  /** Messages that came while we listened. */
  const arrived = new Set<string>();

  const connection = createConnection(store);
  const visitor = createVisitorState(connection, language);
  const receipts = createReceipts(connection, store);
  const composing = createComposing(connection);
  host.listen(createPerson(connection, host));
  const outbox = createOutbox(store, connection, {
    changed: (entries) => (outgoing = entries),
    stuck: (isStuck) => (stuck = isStuck),
  });
  outgoing = outbox.entries();

  const stream = createStream(connection, {
    place: () => place,
    language,
    connected(up) {
      clearTimeout(downTimer);
      if (up) {
        down = false;
        outbox.drain();
      } else {
        // A short gap is nobody's business.
        downTimer = setTimeout(() => (down = true), 2000);
      }
    },
    event(name, data) {
      if (name === 'place') place = data;
      if (name === 'state') visitor.take(JSON.parse(data) as VisitorState);
      if (name === 'typing') visitor.takeTyping(JSON.parse(data) as Typing);
      if (name === 'message') {
        const message = JSON.parse(data) as ThreadMessage;
        const before = messages;
        if (message.from !== 'visitor') visitor.stopTyping();
        arrived.add(message.id);
        take([message]);
        tellNews(host, message, before);
      }
      if (name === 'update') {
        const message = JSON.parse(data) as ThreadMessage;
        // Of a page that isn't loaded: it will come as it is then.
        if (messages.some(({ id }) => id === message.id)) take([message]);
      }
    },
  });

  function take(incoming: ThreadMessage[]): void {
    if (incoming.length === 0) return;
    const byId = new Map(messages.map((message) => [message.id, message]));
    for (const message of incoming) {
      byId.set(message.id, message);
      if (message.clientMessageId) outbox.shown(message.clientMessageId);
    }
    messages = inOrder([...byId.values()]);
    host.tell({ teloring: 'frame', kind: 'started' });
    markRead();
  }

  /** What is on screen is read; the rest is counted on the launcher's badge. */
  function markRead(): void {
    const newest = messages.at(-1)?.createdAt ?? '';
    const isLookedAt = shown && document.visibilityState === 'visible';
    if (isLookedAt && newest > (store.get('read') ?? '')) store.set('read', newest);
    const news = messages.filter(({ id }) => arrived.has(id));
    if (isLookedAt) receipts.note(news, 'read', true);
    receipts.note(messages, isLookedAt ? 'read' : 'delivered', false);
    const readUpTo = store.get('read') ?? '';
    const unread = messages.filter(({ from, createdAt }) => from !== 'visitor' && createdAt > readUpTo);
    const last = unread.at(-1);
    host.tell({
      teloring: 'frame',
      kind: 'unread',
      count: unread.length,
      ...(last && { newest: shortly(last) }),
    });
  }

  async function begin(): Promise<void> {
    for (let retryMs = 500; loading; retryMs = Math.min(10_000, retryMs * 2)) {
      const answer = await connection.call<ThreadPage>('GET', 'messages');
      if (answer.kind === 'later') {
        down = true;
        await new Promise((resolve) => setTimeout(resolve, Math.max(answer.afterMs, retryMs)));
        continue;
      }
      // Until the website has vouched for somebody there is nothing to follow; then this page begins anew.
      if (answer.kind === 'refused' && answer.code === 'identity_required') {
        visitor.take(unknownVisitor);
        loading = false;
        return;
      }
      if (answer.kind === 'ok') {
        down = false;
        ({ place } = answer.body);
        earlier = answer.body.more;
        visitor.take(answer.body.state);
        take(answer.body.items);
      }
      loading = false;
    }
    outbox.drain();
    stream.start();
  }

  function rest(): void {
    clearTimeout(restTimer);
    if (document.visibilityState === 'visible') {
      if (!loading) stream.start();
      markRead();
    } else {
      restTimer = setTimeout(() => stream.stop(), hiddenTooLongMs);
    }
  }

  document.addEventListener('visibilitychange', rest);
  addEventListener('online', () => {
    if (!loading) stream.start();
    outbox.drain();
  });
  void begin();

  return {
    get messages() {
      return messages;
    },
    get outgoing() {
      return outgoing;
    },
    get loading() {
      return loading;
    },
    get earlier() {
      return earlier;
    },
    get loadingEarlier() {
      return loadingEarlier;
    },
    get offline() {
      return down || stuck;
    },
    get state() {
      return visitor.state;
    },
    get typing() {
      return visitor.typing;
    },
    get survey() {
      return visitor.survey;
    },
    send(body: OutgoingBody, file?: Blob): string {
      composing(false);
      return outbox.send(body, file);
    },
    compose: composing,
    choose: (choice: ChoiceOption): string => outbox.send({ kind: 'choice', choice }),
    retry: (clientMessageId: string): void => outbox.retry(clientMessageId),
    discard: outbox.discard,
    previewOf: (clientMessageId: string): string | null => outbox.previewOf(clientMessageId),
    async loadEarlier(): Promise<void> {
      const first = messages[0];
      if (!first || loadingEarlier) return;
      loadingEarlier = true;
      const before = encodeURIComponent(`${first.conversationId}:${first.seq}`);
      const answer = await connection.call<ThreadPage>('GET', `messages?before=${before}`);
      loadingEarlier = false;
      if (answer.kind !== 'ok') return;
      earlier = answer.body.more;
      take(answer.body.items);
    },
    answerQuestions: (answers, consent) => visitor.answerQuestions(answers, consent),
    async rate(score: number, comment: string): Promise<boolean> {
      return visitor.survey !== null && visitor.rate(visitor.survey.id, score, comment);
    },
    closeSurvey(): void {
      if (visitor.survey) visitor.closeSurvey(visitor.survey.id);
    },
    show(isShown: boolean): void {
      shown = isShown;
      markRead();
    },
  };
}

const unknownVisitor: VisitorState = {
  preChat: 'done',
  known: [],
  hours: null,
  survey: null,
  identified: false,
  seen: null,
};

/** Conversations by their beginning, messages by seq within: the order the server gave, however they came. */
function inOrder(messages: ThreadMessage[]): ThreadMessage[] {
  const begins = new Map<string, string>();
  for (const { conversationId, createdAt } of messages) {
    const known = begins.get(conversationId);
    if (known === undefined || createdAt < known) begins.set(conversationId, createdAt);
  }
  const begin = (message: ThreadMessage): string => begins.get(message.conversationId) ?? '';
  return messages.sort((a, b) =>
    a.conversationId === b.conversationId
      ? a.seq - b.seq
      : begin(a) < begin(b)
        ? -1
        : begin(a) > begin(b)
          ? 1
          : 0,
  );
}
