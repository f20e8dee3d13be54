import type { Page } from '../lib/app.svelte';
import type { Variant } from './variants';

const PAGES: Record<Exclude<Page['kind'], 'home'>, string> = {
  overview: 'Overview',
  account: 'Account',
  permission: 'Permission',
  history: 'History',
  wallet: 'More in a wallet',
  receipts: 'Receipts',
  choose: 'Choose',
  transaction: 'Connecting',
  apps: 'Apps',
  activity: 'Activity',
  settings: 'Settings',
  extra: 'Tester’s panel',
  gone: 'Gone',
};

/** The screen that a state is of, as `docs/screens.md` calls it. */
export function screenOf({ view, page, dialog, apps }: Variant): string {
  if (view.left) return 'Left';
  if (dialog || apps?.request) return 'Dialogs';
  if (page.kind !== 'home') return PAGES[page.kind];
  if (view.accounts.length > 1) return 'Overview';
  if (view.accounts.length === 1) return 'Account';
  return view.backend.confirmed ? 'No account yet' : 'First run';
}
