import { mount } from 'svelte';
import App from './App.svelte';
import { createChat } from './chat.svelte.ts';
import './frame.css';
import { connectHost } from './host.ts';
import { applyLook, askedLook } from './look.ts';
import { mountPreview } from './preview.svelte.ts';
import { openStore } from './storage.ts';
import { readFacts } from './wire.ts';
import { speak } from './words.svelte.ts';

const target = document.getElementById('app');
if (!target) throw new Error('The page has no place for the chat.');
const facts = readFacts();
const asked = askedLook(facts);
applyLook(facts, asked.theme);
await speak(asked.language);
const host = connectHost();
if (host.isPreview) {
  mountPreview(target, facts, host);
} else {
  const store = await openStore(facts.inboxId, host);
  mount(App, { target, props: { facts, host, store, chat: createChat(store, host) } });
}
