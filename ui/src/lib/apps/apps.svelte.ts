import type { Backend } from '../backend/backend';
import type { AppsView } from '../bindings';

/** What the person can choose for how long an app is allowed. */
export const LASTS = ['today', 'month', 'year', 'open'] as const;

/** The other programs of the person, once the window's first picture is there. */
export class Apps {
  view: AppsView | null = $state.raw(null);
  readonly #backend: Backend;
  #watching = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async watch(): Promise<void> {
    if (this.#watching) return;
    this.#watching = true;
    await this.#backend.watch_apps((view) => (this.view = view));
  }

  /** Those that are allowed now to use an account, one of its permissions, or anything. */
  allowed(account?: string, scope?: string) {
    return (this.view?.apps ?? []).filter(
      (app) => app.state === 'allowed' && (account === undefined || app.account === account) && (scope === undefined || app.scopes.includes(scope)),
    );
  }
}
