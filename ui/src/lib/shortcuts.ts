// The window's own shortcuts. Each needs Ctrl or is a function key, so that nothing that is typed or dictated sets one off.
import type { App } from './app.svelte';

/** Does what the keys stand for; says whether they stand for something. A dialog that is open keeps the keyboard to itself. */
export function shortcut(app: App, event: KeyboardEvent): boolean {
  const control = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  const free = app.view.left === null && document.querySelector('dialog[open]') === null;
  if (!free) return false;
  if (control && event.key.toLowerCase() === 'k') app.dialog = { kind: 'palette' };
  else if ((control && event.key === '/') || event.key === 'F1') app.dialog = { kind: 'shortcuts' };
  else if (control && event.key === ',') app.go({ kind: 'settings' });
  else return false;
  return true;
}
