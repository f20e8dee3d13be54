import type { App } from '../app.svelte';
import type { WalletPart, WalletPartView } from '../bindings';
import { newOn } from '../once';

type Paged = 'sales' | 'bills' | 'deposits';
export type PagedView = Extract<WalletPartView, { part: Paged }>;

/** Whether Monei has a page after this one, as far as it was fetched. */
export function hasMore(app: App, account: string, part: Paged, page: number): boolean {
  return known(app, account, part, page)?.more ?? false;
}

/** A page without what the pages before it show. */
export function shownOnce(app: App, account: string, view: PagedView, page: number): PagedView {
  const before = Array.from({ length: page - 1 }, (_, index) => known(app, account, view.part, index + 1)?.items ?? []).flat();
  return { ...view, items: newOn(view.items as typeof before, before) } as PagedView;
}

/** A page as it was fetched last. */
function known(app: App, account: string, part: Paged, page: number): PagedView | null {
  const loaded = app.sections.get(account, { part, page } as Extract<WalletPart, { part: Paged }>);
  return loaded.state === 'ready' || loaded.state === 'stale' ? loaded.view : null;
}
