import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { ascii } from './ascii.ts';
import { icons } from './icons.ts';
import { product } from './product.ts';

// Two entries that never meet: `index.html` speaks to Tauri and is all that the bundle carries; `dev.html` plays recorded stories
// (`vite` for a person, `vite build --mode stories` for the tests and the gallery, which any web server can serve from any folder). Two bundles: `dist` is what packages carry; `dist-tester`, with the
// tester's panel besides, is for development builds of the program (feature `tester`).
// The window for confirming a payment has a page and a bundle of its own (modes `confirm…`), beside the other in the same folder.
// `licences` is built for the list of what the page is made of alone.
const OUT: Record<string, string> = { licences: 'node_modules/.licences', stories: 'node_modules/.stories', tester: 'dist-tester', 'confirm-tester': 'dist-tester' };
const INPUT: Record<string, string | string[]> = { stories: ['dev.html', 'confirm-dev.html', 'gallery.html'], confirm: 'confirm.html', 'confirm-tester': 'confirm.html' };

export default defineConfig(({ mode }) => ({
  plugins: [product(), icons(), svelte(), ascii()],
  clearScreen: false,
  base: mode === 'stories' ? './' : '/',
  build: {
    target: 'safari17',
    // `light-dark()`: WebKitGTK 2.44.
    cssTarget: 'safari17.5',
    outDir: OUT[mode] ?? 'dist',
    emptyOutDir: !mode.startsWith('confirm'),
    assetsDir: mode.startsWith('confirm') ? 'confirm' : 'assets',
    // The content security policy allows files only: no data: addresses, no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    license: mode === 'licences' ? { fileName: 'licences.md' } : false,
    rolldownOptions: { input: INPUT[mode] ?? 'index.html' },
  },
}));
