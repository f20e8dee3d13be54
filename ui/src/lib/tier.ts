// What a verification tier stops although the permission for it was given.
import type { App } from './app.svelte';
import { sectionsOf, stateOf } from './app.svelte';
import type { AccountView, AllowanceKind, Feature, FeatureId } from './bindings';

const NEEDS: Partial<Record<FeatureId, AllowanceKind>> = { send: 'p2p', withdraw: 'withdrawal', swap: 'crypto', offramp: 'crypto' };

/** Whether only the tier can say that the feature can't be used, and may be asked for. */
export const hangsOnTier = (account: AccountView, feature: Feature): boolean =>
  NEEDS[feature.id] !== undefined && stateOf(account, feature).kind === 'enabled' && sectionsOf(account).includes('kyc');

/** Whether the feature is enabled and Monei said, when it was last asked, that the account's tier doesn't allow it. */
export function isBlockedByTier(app: App, account: AccountView, feature: Feature): boolean {
  const needed = NEEDS[feature.id];
  if (needed === undefined || stateOf(account, feature).kind !== 'enabled') return false;
  const known = app.sections.get(account.id, 'kyc');
  const view = (known.state === 'ready' || known.state === 'stale') ? known.view : undefined;
  return view?.allowances.some(({ kind, allowed }) => kind === needed && allowed === false) ?? false;
}
