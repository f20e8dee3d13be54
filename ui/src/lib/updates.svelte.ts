import type { Backend } from './backend/backend';
import type { UpdateView } from './bindings';

/** What is known of new versions, once the window's first picture is there. */
export class Updates {
  view: UpdateView | null = $state.raw(null);
  readonly #backend: Backend;
  #watching = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** `found`: a version was found that the person did not look for. */
  async watch(found: (version: string) => void): Promise<void> {
    if (this.#watching) return;
    this.#watching = true;
    await this.#backend.watch_updates((view) => {
      const before = this.view?.state.kind;
      this.view = view;
      if (view.state.kind === 'available' && (before === 'idle' || before === 'current')) found(view.state.offer.version);
    });
  }
}
