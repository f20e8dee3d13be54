import { mount } from 'svelte';
import NotStarted from './NotStarted.svelte';
import Window from './Window.svelte';
import './app.css';
import { App } from './lib/app.svelte';
import { asProblem, type Backend } from './lib/backend/backend';
import type { Extra } from './lib/extra';
import { guessed, speak } from './lib/language.svelte';

/** Shows the window once the program has told its state, and marks the first paint. */
export async function start(backend: Backend, extra: Extra | null): Promise<App | undefined> {
  const target = document.getElementById('app');
  if (!target) throw new Error('the page has no #app');
  if (navigator.userAgent.includes('Linux')) document.documentElement.dataset.system = 'linux';
  let app: App | undefined;
  performance.mark('asked');
  try {
    const shown = (app = new App(backend, await backend.state(), extra));
    mount(Window, { target, props: { app } });
    performance.mark('dashboard');
    // What changed until then comes first.
    void shown.painted.then(() => shown.attempt(() => backend.watch((view) => shown.receive(view))));
  } catch (thrown) {
    speak(guessed());
    mount(NotStarted, { target, props: { problem: asProblem(thrown) } });
  }
  requestAnimationFrame(() => requestAnimationFrame(painted));
  return app;
}

function painted(): void {
  performance.mark('painted');
  document.documentElement.dataset.ready = 'true';
}
