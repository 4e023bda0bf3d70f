import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { appearance } from './lib/appearance.svelte.ts';

appearance.apply();
const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app to mount into.');
mount(App, { target });
