import { speak } from '../lib/language.svelte';
import type { ConfirmationView } from '../lib/bindings';

/** The payment that waits; null while there is none. */
export class Waiting {
  view: ConfirmationView | null = $state.raw(null);

  show(view: ConfirmationView | null): void {
    if (view) speak(view.language);
    this.view = view;
  }
}
