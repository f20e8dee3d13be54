import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// Two entries that never meet: `index.html` speaks to Tauri and is all that the bundle carries; `dev.html` plays recorded stories
// (`vite` for a person, `vite build --mode stories` for the tests).
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  clearScreen: false,
  build: {
    target: 'safari17',
    outDir: mode === 'stories' ? 'node_modules/.stories' : 'dist',
    emptyOutDir: true,
    // The content security policy allows files only: no data: addresses, no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: { input: mode === 'stories' ? 'dev.html' : 'index.html' },
  },
}));
