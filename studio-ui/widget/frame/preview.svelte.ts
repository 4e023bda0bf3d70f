/** The chat as the inbox's settings show it: the same components over what the editor tells, without a session or any call. */
import { mount } from 'svelte';
import App from './App.svelte';
import type { Chat } from './chat.svelte.ts';
import type { Host } from './host.ts';
import { applyLook } from './look.ts';
import type { Outgoing, OutgoingBody } from './outbox.ts';
import type { Preview } from './preview.ts';
import type { Store } from './storage.ts';
import type { Facts } from './wire.ts';

export function mountPreview(target: HTMLElement, facts: Facts, host: Host): void {
  let shown = $state.raw<Preview>({
    facts,
    messages: [],
    outgoing: [],
    state: null,
    typing: null,
    offline: false,
  });
  /** Written into the preview: shown as sent, and gone with the next scene. */
  let written = $state.raw<Outgoing[]>([]);

  const send = (body: OutgoingBody): string => {
    const clientMessageId = crypto.randomUUID();
    written = [...written, { clientMessageId, body, atMs: Date.now(), state: 'accepted' }];
    return clientMessageId;
  };
  const done = (change: Partial<NonNullable<Preview['state']>>): void => {
    if (shown.state) shown = { ...shown, state: { ...shown.state, ...change } };
  };
  const chat: Chat = {
    get messages() {
      return shown.messages;
    },
    get outgoing() {
      return [...shown.outgoing, ...written];
    },
    get offline() {
      return shown.offline;
    },
    get state() {
      return shown.state;
    },
    get typing() {
      return shown.typing;
    },
    get survey() {
      return shown.state?.survey ?? null;
    },
    loading: false,
    earlier: false,
    loadingEarlier: false,
    send,
    compose: () => undefined,
    choose: (choice) => send({ kind: 'choice', choice }),
    retry: () => undefined,
    discard: () => undefined,
    previewOf: () => null,
    loadEarlier: async () => undefined,
    show: () => undefined,
    async answerQuestions() {
      done({ preChat: 'done' });
      return [];
    },
    rate: async () => true,
    closeSurvey: () => done({ survey: null }),
  };

  const props = $state({ facts, host, store: memoryStore(), chat });
  host.listen((message) => {
    if (message.kind !== 'preview') return;
    // From our own origin alone (host.ts), by our own editor: what its type says.
    shown = message.preview as Preview;
    written = [];
    props.facts = shown.facts;
    applyLook(shown.facts, document.documentElement.dataset['theme'] === 'dark' ? 'dark' : shown.facts.theme);
  });
  mount(App, { target, props });
}

function memoryStore(): Store {
  const entries = new Map<string, string>();
  return {
    get: (key) => entries.get(key) ?? null,
    set: (key, value) => void entries.set(key, value),
    remove: (key) => void entries.delete(key),
    keys: () => [...entries.keys()],
  };
}
