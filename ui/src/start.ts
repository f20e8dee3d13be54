import { mount } from 'svelte';
import NotStarted from './NotStarted.svelte';
import Window from './Window.svelte';
import './app.css';
import { App } from './lib/app.svelte';
import { asProblem, type Backend } from './lib/backend/backend';

/** Shows the window once the program has told its state, and marks the first paint. */
export async function start(backend: Backend): Promise<App | undefined> {
  const target = document.getElementById('app');
  if (!target) throw new Error('the page has no #app');
  let app: App | undefined;
  try {
    // Listening first: what changes while the state is fetched is not missed.
    await backend.onState((view) => app?.receive(view));
    app = new App(backend, await backend.state());
    mount(Window, { target, props: { app } });
    performance.mark('dashboard');
  } catch (thrown) {
    mount(NotStarted, { target, props: { problem: asProblem(thrown) } });
  }
  requestAnimationFrame(() => requestAnimationFrame(painted));
  return app;
}

function painted(): void {
  performance.mark('painted');
  document.documentElement.dataset.ready = 'true';
}
