/** The chat widget: `widget.js`, the small script of the host page, and the frame's page, loaded when the chat is opened. */
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** The loader runs as a classic script on other people's pages: one file, none of whose names are theirs to trip over. */
const closedLoader: Plugin = {
  name: 'closed-loader',
  generateBundle(_options, bundle) {
    const loader = bundle['widget.js'];
    if (loader?.type !== 'chunk') throw new Error('The loader was not built.');
    if (loader.imports.length > 0 || loader.exports.length > 0) {
      throw new Error('widget.js must neither import nor export: keep it apart from the frame.');
    }
    loader.code = `(()=>{${loader.code.trim()}\n})();\n`;
  },
};

export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: here('public'),
  plugins: [svelte({ configFile: here('../svelte.config.js') }), closedLoader],
  build: {
    outDir: here('../dist-widget'),
    emptyOutDir: true,
    assetsDir: '',
    manifest: true,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: false,
    rolldownOptions: {
      input: { widget: here('loader.ts'), frame: here('frame/main.ts') },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'widget' ? 'widget.js' : '[name]-[hash].js'),
        chunkFileNames: '[name]-[hash].js',
        assetFileNames: '[name]-[hash][extname]',
      },
    },
  },
});
