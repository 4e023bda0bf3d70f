import { mount } from 'svelte';
import App from './App.svelte';
import './frame.css';
import { connectHost } from './host.ts';
import { openStore } from './storage.ts';
import { applyLook, askedLook } from './look.ts';
import { readFacts } from './wire.ts';
import { speak } from './words.svelte.ts';

const target = document.getElementById('app');
if (!target) throw new Error('The page has no place for the chat.');
const facts = readFacts();
const asked = askedLook(facts);
applyLook(facts, asked.theme);
await speak(asked.language);
const host = connectHost();
const store = await openStore(facts.inboxId, host);
mount(App, { target, props: { facts, host, store } });
