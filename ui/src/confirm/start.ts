import { mount } from 'svelte';
import '../app.css';
import type { ConfirmBackend } from './backend';
import Confirm from './Confirm.svelte';
import { Waiting } from './waiting.svelte';

/** Shows the payment that waits. */
export async function start(backend: ConfirmBackend): Promise<void> {
  const target = document.getElementById('app');
  if (!target) throw new Error('the page has no #app');
  if (navigator.userAgent.includes('Linux')) document.documentElement.dataset.system = 'linux';
  const waiting = new Waiting();
  mount(Confirm, { target, props: { backend, waiting } });
  await backend.confirmation((view) => waiting.show(view));
  document.documentElement.dataset.ready = 'true';
}
