import { mount } from 'svelte';
import App from './App.svelte';
import './frame.css';
import { connectHost } from './host.ts';
import { openStore } from './storage.ts';
import { readFacts } from './wire.ts';

const target = document.getElementById('app');
if (!target) throw new Error('The page has no place for the chat.');
const facts = readFacts();
const host = connectHost();
const store = await openStore(facts.inboxId, host);
mount(App, { target, props: { facts, host, store } });
