import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// Two entries that never meet: `index.html` speaks to Tauri and is all that the bundle carries; `dev.html` plays recorded stories
// (`vite` for a person, `vite build --mode stories` for the tests). Two bundles: `dist` is what packages carry; `dist-tester`, with the
// tester's panel besides, is for development builds of the program (feature `tester`).
const OUT: Record<string, string> = { stories: 'node_modules/.stories', tester: 'dist-tester' };

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  clearScreen: false,
  build: {
    target: 'safari17',
    // `light-dark()`: WebKitGTK 2.44.
    cssTarget: 'safari17.5',
    outDir: OUT[mode] ?? 'dist',
    emptyOutDir: true,
    // The content security policy allows files only: no data: addresses, no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: { input: mode === 'stories' ? 'dev.html' : 'index.html' },
  },
}));
