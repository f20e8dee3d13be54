// Which accounts need a person, and why: what passes by itself is not among it.
import { isGivenUp } from './app.svelte';
import type { AccountView, Problem } from './bindings';

/** Why the account needs a person; `null` where it doesn't. */
export function needsPerson(account: AccountView): Problem | null {
  if (account.other_backend !== null || isGivenUp(account)) return null;
  return account.health.kind === 'needs_reconnect' || account.health.kind === 'locked' ? account.health.reason : null;
}
