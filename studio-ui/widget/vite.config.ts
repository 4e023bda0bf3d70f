/** The chat widget: `widget.js`, the small script of the host page, and the frame's page, loaded when the chat is opened. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build, defineConfig, type Plugin } from 'vite';
import { languages } from './language.ts';
import { allWords } from './words/all.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const target = 'es2022';

/**
 * The loader runs as a classic script on other people's pages: one file in a function of its own, none of whose names are theirs to
 * trip over, and nothing of it shared with the frame's modules. Beside it, what it asks for later and what developers read.
 */
const loader: Plugin = {
  name: 'loader',
  async generateBundle() {
    const built = await build({
      configFile: false,
      root: here('.'),
      logLevel: 'warn',
      publicDir: false,
      build: {
        write: false,
        target,
        rolldownOptions: { input: here('loader/main.ts'), output: { format: 'iife' } },
      },
    });
    const [output] = Array.isArray(built) ? built : [built];
    const chunks = output && 'output' in output ? output.output : [];
    const [script] = chunks;
    if (chunks.length !== 1 || script?.type !== 'chunk') throw new Error('The loader must be one file.');
    this.emitFile({ type: 'asset', fileName: 'widget.js', source: script.code });
    this.emitFile({
      type: 'asset',
      fileName: 'widget.d.ts',
      source: await readFile(here('teloring.d.ts'), 'utf8'),
    });
    for (const language of languages.filter((code) => code !== 'en')) {
      this.emitFile({
        type: 'asset',
        fileName: `launcher-${language}.json`,
        source: JSON.stringify(allWords[language].launcher),
      });
    }
  },
};

export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: here('public'),
  plugins: [svelte({ configFile: here('../svelte.config.js') }), loader],
  build: {
    outDir: here('../dist-widget'),
    emptyOutDir: true,
    assetsDir: '',
    manifest: true,
    target,
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: false,
    rolldownOptions: {
      input: { frame: here('frame/main.ts') },
      output: {
        entryFileNames: '[name]-[hash].js',
        chunkFileNames: '[name]-[hash].js',
        assetFileNames: '[name]-[hash][extname]',
      },
    },
  },
});
