import { mount } from 'svelte';
import App from './App.svelte';
import './frame.css';
import { readFacts } from './wire.ts';

const target = document.getElementById('app');
if (!target) throw new Error('The page has no place for the chat.');
mount(App, { target, props: { facts: readFacts() } });
