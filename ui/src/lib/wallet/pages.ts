import type { App } from '../app.svelte';
import type { WalletPart } from '../bindings';

type Paged = 'sales' | 'bills' | 'deposits';

/** Whether Monei has a page after this one, as far as it was fetched. */
export function hasMore(app: App, account: string, part: Paged, page: number): boolean {
  const known = app.sections.get(account, { part, page } as Extract<WalletPart, { part: Paged }>);
  return (known.state === 'ready' || known.state === 'stale') && known.view.more;
}
