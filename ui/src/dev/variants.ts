import { missingTogether, type App, type Dialog, type Page } from '../lib/app.svelte';
import type { PartAnswer, SectionAnswer } from '../lib/backend/memory';
import type { Story } from '../lib/backend/story';
import type { AccountView, ActivityItem, AppsView, AppView, BackendStatus, Check, Conflict, DesktopView, FeatureState, Health, HistoryPage, KeychainState, PermissionView, Problem, ProblemCode, Receipt, Review, SectionView, Stage, TesterView } from '../lib/bindings';
import { t } from '../lib/text';
import { walletVariants } from './wallet-variants';

/** A state of the window that can be opened directly. */
export interface Variant {
  view: AppView;
  page: Page;
  dialog?: (app: App) => Dialog;
  sections?: SectionAnswer;
  parts?: PartAnswer;
  activity?: ActivityItem[];
  testing?: TesterView;
  checks?: Check[];
  permission?: PermissionView;
  history?: () => Promise<HistoryPage>;
  apps?: AppsView;
  /** What is worth another look, or why that can't be read. */
  reviews?: Review[] | Problem;
  receipts?: Receipt[];
  around?: DesktopView;
  licences?: string;
}

const problem = (code: ProblemCode): Problem => ({ code, retry_after_s: code === 'busy' ? 48 : null });
const HOUR = 3_600_000;
const REMOTE = 'https://connect.other.example';
const CODES = Object.keys(t.problems) as ProblemCode[];
/** As much as packages bring, roughly. */
const LICENCES = 'MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software.\n\n'.repeat(400);
const HOSTILE = '<img src=x onerror=alert(1)> \u202Eגבא <b>&amp;</b> ' + 'Adébáyọ̀'.repeat(60);

/**
 * Every state that the window knows, built from what a story recorded: the last view with an account is the model. A section that this story
 * did not open is taken from another, and tells nothing if none opened it.
 */
export function variants(story: Story, others: Story[]): Record<string, Variant> {
  const views = story.steps.flatMap((step) => step.states ?? ('call' in step && step.call === 'state' ? [step.result as AppView] : []));
  const recorded = views.findLast((view) => view.accounts.length > 0 && view.transaction === null);
  const first = recorded?.accounts[0];
  const catalogue0 = recorded?.catalogue[0];
  if (!recorded || !first || !catalogue0) throw new Error(`"${story.name}" never shows an account`);

  const { now } = story;
  const base: AppView = { ...recorded, keychain: 'ready', backend: { ...recorded.backend, confirmed: true, managed: false, status: { kind: 'ready' }, operator: recorded.backend.operator ?? { name: 'Example Operator', host: 'operator.example', poses_as_monei: false } } };
  const all = base.catalogue.map((feature) => feature.scope);
  const answers = [story, ...others].flatMap((each) => Object.values(each.sections));
  const recordedSections: SectionAnswer = (_, section) => Promise.resolve(answers.find((answer) => answer[section])?.[section] ?? blank(section));

  const withFeatures = (state: (index: number) => FeatureState): AccountView => ({ ...first, features: base.catalogue.map((feature, index) => ({ id: feature.id, state: state(index) })) });
  const enabled: FeatureState = { kind: 'enabled', at: now - 19 * 24 * HOUR };
  const full = withFeatures(() => enabled);
  const states: FeatureState[] = [enabled, { kind: 'declined', at: now - 3 * 24 * HOUR }, enabled, { kind: 'not_asked' }, { kind: 'lost', at: now - 26 * HOUR }];
  const mixed = withFeatures((index) => states[index % states.length] ?? enabled);
  const page: Page = { kind: 'account', id: first.id };
  const home: Page = { kind: 'home' };

  const account = (changed: AccountView, more: Partial<Variant> = {}): Variant => ({ view: { ...base, accounts: [changed] }, page, sections: recordedSections, ...more });
  const health = (kind: Exclude<Health['kind'], 'connected'>, code: ProblemCode): Health => ({ kind, reason: problem(code) });
  const stage = (value: Stage, more: { account?: string | null; channel?: 'loopback' | 'deep_link'; requested?: string[] } = {}): Variant => ({
    view: { ...base, transaction: { account: null, requested: all.slice(0, 3), channel: 'loopback', stage: value, ...more } },
    page: { kind: 'transaction' },
  });
  const waiting = (failed: boolean, elsewhere = false): Stage => ({ kind: 'waiting', expires_at: now + 581_000, browser_failed: failed, links_elsewhere: elsewhere });
  const decide = (conflict: Conflict): Variant => stage({ kind: 'decide', conflict }, { account: first.id });
  const none: AppView = { ...base, accounts: [] };
  const firstRun = (status: BackendStatus, keychain: KeychainState = 'ready'): Variant => ({
    view: { ...none, keychain, backend: { ...base.backend, confirmed: false, status, operator: status.kind === 'ready' ? base.backend.operator : null } },
    page: home,
  });
  const missing = (view: AppView): Variant => ({
    view: { ...view, backend: { ...base.backend, address: null, on_this_computer: false, confirmed: false, operator: null, scopes: [], guide: true, status: { kind: 'problem', problem: problem('backend_missing') } } },
    page: home,
  });
  const remote = (backend: Partial<AppView['backend']>): Variant => ({
    view: { ...none, backend: { ...base.backend, address: REMOTE, on_this_computer: false, confirmed: false, ...backend } },
    page: home,
  });
  const settings = (backend: Partial<AppView['backend']>, keychain: KeychainState = 'ready'): Variant => ({ view: { ...base, keychain, backend: { ...base.backend, ...backend } }, page: { kind: 'settings' } });
  const ask = (ids: string[]): Variant => {
    const features = base.catalogue.filter((feature) => ids.includes(feature.id));
    return { ...account(mixed), dialog: () => ({ kind: 'ask', account: first.id, features, scopes: features.map((feature) => feature.scope) }) };
  };
  const second: AccountView = { ...mixed, id: `${first.id}-2`, label: 'Shop', name: 'Tunde Bello', email: null, health: health('needs_reconnect', 'access_revoked') };
  const third: AccountView = { ...mixed, id: `${first.id}-3`, label: null, name: null, email: null, health: health('unreachable', 'offline') };

  const found: Record<string, Variant> = {
    'first-run': firstRun({ kind: 'ready' }),
    'first-run-asking': firstRun({ kind: 'unknown' }, 'unknown'),
    'first-run-unreachable': firstRun({ kind: 'problem', problem: problem('backend_unreachable') }),
    'first-run-missing': missing(none),
    'first-run-remote': remote({}),
    'first-run-posing': remote({ operator: { name: null, host: null, poses_as_monei: true } }),
    'first-run-unnamed': remote({ operator: { name: null, host: null, poses_as_monei: false } }),
    'first-run-hostile': remote({ operator: { name: HOSTILE, host: `${'long'.repeat(60)}.example`, poses_as_monei: false } }),
    'first-run-memory': { view: { ...none, keychain: 'locked', in_memory: true, backend: { ...base.backend, confirmed: false } }, page: home },
    'settings-missing': { ...missing(base), page: { kind: 'settings' } },
    'settings-renamed': settings({ confirmed: false, address: REMOTE, on_this_computer: false, operator: { name: 'Another Operator', host: null, poses_as_monei: false }, formerly: base.backend.operator }),
    'account-renamed': { ...account(full), view: { ...base, accounts: [full], backend: { ...base.backend, confirmed: false, formerly: base.backend.operator } } },
    gone: { view: { ...base, accounts: [full] }, page: { kind: 'gone' } },
    empty: { view: none, page: home },
    'empty-offline': { view: { ...none, backend: { ...none.backend, status: { kind: 'problem', problem: problem('offline') } } }, page: home },
    choose: { view: base, page: { kind: 'choose', account: null } },
    'choose-more': { view: { ...base, accounts: [withFeatures(() => ({ kind: 'not_asked' }))] }, page: { kind: 'choose', account: first.id } },
    'choose-nothing': { view: { ...base, accounts: [full] }, page: { kind: 'choose', account: first.id } },

    account: account(first),
    'account-full': account(full),
    'account-mixed': account(mixed),
    'account-nothing': account(withFeatures(() => ({ kind: 'not_asked' }))),
    'account-declined': account(withFeatures(() => ({ kind: 'declined', at: now - 4 * 60_000 }))),
    'account-revoked': account({ ...withFeatures(() => ({ kind: 'lost', at: now - 2 * HOUR })), health: health('needs_reconnect', 'access_revoked'), expires_at: null }),
    'account-given-up': account({ ...withFeatures((index) => (index === 2 ? { kind: 'declined', at: now - 4 * 60_000 } : { kind: 'not_asked' })), health: health('needs_reconnect', 'access_revoked'), expires_at: null }),
    'account-unreachable': account({ ...full, health: health('unreachable', 'offline') }, { sections: () => Promise.reject(problem('offline')) }),
    'account-busy': account({ ...full, health: health('unreachable', 'busy') }, { sections: () => Promise.reject(problem('busy')) }),
    'account-locked': account({ ...full, health: health('locked', 'keychain_locked') }, { sections: () => Promise.reject(problem('keychain_locked')) }),
    'account-limited': account(full, { sections: () => Promise.reject(problem('limit_reached')) }),
    'account-rests': account({ ...full, other_backend: 'https://connect.earlier.example' }),
    'account-other-scopes': account({ ...full, other_scopes: ['cards:read', 'x'.repeat(64)] }),
    'account-loading': account(full, { sections: () => new Promise(() => undefined) }),
    'account-no-values': account(full, { sections: (_, section) => Promise.resolve(blank(section)) }),
    'account-no-transactions': account(full, { sections: (id, section) => (section === 'transactions' ? Promise.resolve({ section, items: [], total: 0 }) : recordedSections(id, section)) }),
    'account-hostile': account({ ...full, name: HOSTILE, email: `markup+<script>@${'long'.repeat(80)}.example` }, { sections: (_, section) => Promise.resolve(hostile(section)) }),
    'several-accounts': { view: { ...base, accounts: [full, second, third] }, page, sections: recordedSections },
    'many-accounts': { view: { ...base, accounts: [full, ...Array.from({ length: 24 }, (_, index) => ({ ...second, id: `${first.id}-many-${index}`, label: `Account of branch ${index + 1}` }))] }, page, sections: recordedSections },
    overview: { view: { ...base, accounts: [full, second, third, { ...full, id: `${first.id}-4`, label: 'Rests', other_backend: 'https://connect.earlier.example' }] }, page: { kind: 'overview' }, sections: recordedSections },
    'overview-many': { view: { ...base, accounts: [full, second, ...Array.from({ length: 48 }, (_, index) => ({ ...mixed, id: `${first.id}-many-${index}`, label: `Branch ${index + 1}`, email: `branch${index + 1}@example.test` }))] }, page: { kind: 'overview' }, sections: recordedSections },
    'overview-hostile': { view: { ...base, accounts: [{ ...full, label: null, name: HOSTILE, email: HOSTILE }, { ...second, label: 'x'.repeat(60) }] }, page: { kind: 'overview' } },
    'amounts-hidden': { ...account(full), view: { ...base, accounts: [full], preferences: { ...base.preferences, hide_amounts: true } } },
    'settings-dark': { view: { ...base, preferences: { ...base.preferences, theme: 'dark' } }, page: { kind: 'settings' } },
    'tier-blocks': account(full, { sections: (id, section) => (section === 'kyc' ? recordedSections(id, section).then((view) => ({ ...view, allowances: [{ kind: 'withdrawal', allowed: false }] }) as SectionView) : recordedSections(id, section)) }),

    production: { ...account(full), view: { ...base, accounts: [full], environment: 'production' } },
    development: { ...account(full), view: { ...base, accounts: [full], environment: 'development' } },

    'ask-sensitive': ask(['send']),
    'ask-bills': ask(['bills']),
    'ask-several': ask(['send', 'swap', 'wallet']),
    palette: { view: { ...base, accounts: [full, second, { ...third, name: HOSTILE }] }, page, sections: recordedSections, dialog: () => ({ kind: 'palette' }) },
    shortcuts: { ...account(full), dialog: () => ({ kind: 'shortcuts' }) },
    licences: { ...account(full), licences: LICENCES, dialog: () => ({ kind: 'licences' }) },
    'licences-none': { ...account(full), dialog: () => ({ kind: 'licences' }) },
    rename: { ...account(full), dialog: () => ({ kind: 'rename', account: full }) },
    disconnect: { ...account(full), dialog: (app) => ({ kind: 'disconnect', account: full, name: app.nameOf(full) }) },

    'stage-checking': stage({ kind: 'checking' }),
    'stage-waiting': stage(waiting(false)),
    'stage-waiting-failed': stage(waiting(true)),
    'stage-waiting-deep-link': stage(waiting(false), { channel: 'deep_link' }),
    'stage-waiting-links-elsewhere': stage(waiting(false, true)),
    'stage-waiting-elsewhere': { ...stage(waiting(false)), page },
    'stage-finishing': stage({ kind: 'finishing', cancellable: true }),
    'stage-finishing-stored': stage({ kind: 'finishing', cancellable: false }),
    'stage-decide-new': decide({ kind: 'new_user', approved_by: 'Tunde Bello', email: 'tunde@example.test' }),
    'stage-decide-new-unknown': decide({ kind: 'new_user', approved_by: null, email: null }),
    'stage-decide-new-hostile': decide({ kind: 'new_user', approved_by: HOSTILE, email: HOSTILE }),
    'stage-decide-other': decide({ kind: 'other_user', expected: 'Ada Okafor', approved_by: 'Tunde Bello', existing: null }),
    'stage-decide-other-existing': decide({ kind: 'other_user', expected: 'Ada Okafor', approved_by: 'Tunde Bello', existing: first.id }),
    'stage-decide-hostile': decide({ kind: 'other_user', expected: HOSTILE, approved_by: HOSTILE, existing: null }),
    'stage-decide-unknown': decide({ kind: 'unknown_user', expected: null, approved_by: null }),
    'stage-decide-unknown-named': decide({ kind: 'unknown_user', expected: 'Ada Okafor', approved_by: 'Tunde Bello' }),
    'stage-decide-already': decide({ kind: 'already_connected', existing: first.id, name: 'Ada Okafor' }),
    'stage-done': stage({ kind: 'done', account: first.id, granted: all.slice(0, 3), declined: [], extra: [] }),
    'stage-done-partly': stage({ kind: 'done', account: first.id, granted: all.slice(0, 1), declined: all.slice(1, 3), extra: ['wallet:deposit', 'cards:read'] }),
    'stage-done-more': stage({ kind: 'done', account: first.id, granted: all.slice(3, 4), declined: [], extra: [] }, { account: first.id }),

    settings: settings({}),
    'settings-no-tray': { ...settings({}), around: { tray: false, notifications: false, starts_at_login: true } },
    'settings-managed': settings({ managed: true }),
    'settings-unconfirmed': settings({ confirmed: false, address: REMOTE, on_this_computer: false, operator: { name: 'Another Operator', host: 'other.example', poses_as_monei: false } }),
    'settings-unanswered': settings({ confirmed: false, address: REMOTE, on_this_computer: false, operator: null, status: { kind: 'problem', problem: problem('backend_unreachable') } }),
    left: { view: { ...none, left: { complete: true, unassigned: 0, accounts: [{ name: 'Ada Okafor', outcome: { kind: 'ended' } }, { name: null, outcome: { kind: 'ended' } }] } }, page: home },
    'left-unconfirmed': { view: { ...none, left: { complete: true, unassigned: 2, accounts: [{ name: 'Ada Okafor', outcome: { kind: 'ended' } }, { name: HOSTILE, outcome: { kind: 'removed' } }] } }, page: home },
    'left-nothing': { view: { ...none, left: { complete: true, unassigned: 0, accounts: [] } }, page: home },
    activity: { view: { ...base, accounts: [full, second] }, page: { kind: 'activity' }, activity: everyEvent(now, all) },
    'activity-apps': {
      view: { ...base, accounts: [full, second] },
      page: { kind: 'activity' },
      activity: [
        { at: now, account: first.id, account_name: 'Shop', event: { kind: 'app_allowed', app: '=Budget', scopes: ['wallet:read'] } },
        { at: now - HOUR, account: first.id, account_name: 'Shop', event: { kind: 'app_taken_back', app: '=Budget' } },
        { at: now - 2 * HOUR, account: first.id, account_name: 'Shop', event: { kind: 'refreshed' } },
        { at: now - 3 * HOUR, account: first.id, account_name: 'Shop', event: { kind: 'app_allowed', app: HOSTILE.slice(0, 40), scopes: ['wallet:read'] } },
        { at: now - 4 * HOUR, account: first.id, account_name: 'Shop', event: { kind: 'connected', granted: ['wallet:read'], declined: [] } },
      ],
    },
    'activity-many': { view: { ...base, accounts: [full, second] }, page: { kind: 'activity' }, activity: Array.from({ length: 200 }, (_, index) => ({ at: now - index * HOUR, account: first.id, account_name: null, event: { kind: 'refreshed' } })) },
    'activity-empty': { view: none, page: { kind: 'activity' }, activity: [] },
  };
  const unused: Review['unused'] = [
    { feature: 'swap', since: now - 300 * 24 * HOUR, last_used_at: null, along: [] },
    { feature: 'deposit', since: now - 300 * 24 * HOUR, last_used_at: now - 200 * 24 * HOUR, along: ['wallet:read', 'cards:read'] },
  ];
  found['review'] = account(full, { reviews: [{ account: first.id, unchanged_since: now - 91 * 24 * HOUR, unused }] });
  found['review-reminder'] = account(mixed, { reviews: [{ account: first.id, unchanged_since: now - 400 * 24 * HOUR, unused: [] }] });
  found['review-overview'] = { view: { ...base, accounts: [full, second] }, page: { kind: 'overview' }, reviews: [{ account: first.id, unchanged_since: null, unused }] };
  found['review-unread'] = account(full, { reviews: problem('index_unavailable') });
  found['review-unread-overview'] = { view: { ...base, accounts: [full, second] }, page: { kind: 'overview' }, reviews: problem('index_unavailable') };
  const takeBack = (along: string[], of = full): Variant => ({
    ...account(of),
    dialog: () => ({ kind: 'take_back', account: of, feature: base.catalogue.find((feature) => feature.id === 'swap') ?? catalogue0, along }),
  });
  found['take-back'] = takeBack([]);
  found['take-back-along'] = takeBack(['wallet:read', 'kyc:read', 'cards:read']);
  const alone = withFeatures((index) => (base.catalogue[index]?.id === 'swap' ? enabled : { kind: 'set_aside', at: now - HOUR }));
  found['take-back-last'] = takeBack(['wallet:read', 'kyc:read'], alone);
  const receipt: Receipt = { number: 2, at: now - 30 * 24 * HOUR, account: first.id, name: 'Shop', approved_by: 'Ada Okafor', email: 'ada@example.test', service: REMOTE, operator: 'Example Operator', allowed: all.slice(0, 3), left_off: all.slice(3, 5), extra: [] };
  found['receipts'] = { ...account(full), page: { kind: 'receipts', account: first.id }, receipts: [receipt, { ...receipt, number: 1, at: now - 200 * 24 * HOUR, operator: null, email: null, left_off: [], extra: ['cards:read'] }] };
  found['receipts-hostile'] = { ...account(full), page: { kind: 'receipts', account: null }, receipts: [{ ...receipt, account: null, name: HOSTILE, approved_by: HOSTILE, email: HOSTILE, service: `https://${'long'.repeat(60)}.example`, operator: HOSTILE }] };
  found['receipts-none'] = { ...account(full), page: { kind: 'receipts', account: first.id }, receipts: [] };
  const looked = (state: FeatureState, feature: (typeof base.catalogue)[number]['id'], permission: PermissionView): Variant => ({
    view: { ...base, accounts: [withFeatures(() => state)] },
    page: { kind: 'permission', account: first.id, feature },
    permission,
  });
  found['permission'] = looked(enabled, 'wallet', usedPermission(now));
  found['permission-spends'] = looked(enabled, 'swap', { ...usedPermission(now), uses: [] });
  found['permission-not-asked'] = looked({ kind: 'not_asked' }, 'bills', { endpoints: usedPermission(now).endpoints, history: [], uses: [], along: [] });
  found['permission-declined'] = looked({ kind: 'declined', at: now - 4 * 60_000 }, 'send', { ...usedPermission(now), uses: [] });
  found['permission-set-aside'] = looked({ kind: 'set_aside', at: now - 26 * HOUR }, 'wallet', { ...usedPermission(now), along: [] });
  found['permission-together'] = looked(enabled, 'wallet', { ...usedPermission(now), along: ['profile:read', 'kyc:read'] });
  found['permission-together-set-aside'] = looked({ kind: 'set_aside', at: now - 26 * HOUR }, 'wallet', { ...usedPermission(now), along: ['profile:read', 'kyc:read'] });
  found['permission-lost'] = looked({ kind: 'lost', at: now - 26 * HOUR }, 'profile', usedPermission(now));
  const told = (history: () => Promise<HistoryPage>, view: AppView = { ...base, accounts: [full] }): Variant => ({ view, page: { kind: 'history', account: first.id }, history });
  const transactions = answers.find((answer) => answer.transactions)?.transactions;
  const latest = transactions?.section === 'transactions' ? transactions.items : [];
  found['history'] = told(() => Promise.resolve({ items: [...latest, ...latest].slice(0, 25), total: 42, more: true }));
  found['history-hidden'] = told(() => Promise.resolve({ items: latest, total: null, more: false }), { ...base, accounts: [full], preferences: { ...base.preferences, hide_amounts: true } });
  found['history-empty'] = told(() => Promise.resolve({ items: [], total: 0, more: false }));
  found['history-loading'] = told(() => new Promise(() => undefined));
  found['history-offline'] = told(() => Promise.reject(problem('offline')));
  found['history-hostile'] = told(() => Promise.resolve({ items: [{ at: 0, amount: { amount: '123456789012345678901234567890.12', currency: 'NGN' }, direction: 'out', status: 'failed', narration: HOSTILE, reference: HOSTILE }], total: 4_294_967_295, more: false }));
  Object.assign(found, walletVariants(story, others, { base, account: full, missing: withFeatures(() => ({ kind: 'not_asked' })), lost: withFeatures(() => ({ kind: 'lost', at: now - 2 * HOUR })) }));
  const programs = appsOf(first.id, now);
  const apps = (view: Partial<AppsView>, accounts: AccountView[] = [full, second]): Variant => ({ view: { ...base, accounts }, page: { kind: 'apps' }, apps: { ...programs, ...view } });
  const asks = { number: 7, name: 'Helper', permissions: all.slice(0, 3), program: '/usr/bin/python3.11' };
  found['apps'] = apps({});
  found['overview-apps'] = { ...apps({}), page: { kind: 'overview' } };
  found['apps-none'] = apps({ apps: [], api: { ...programs.api, address: null, port: null } });
  found['apps-no-account'] = apps({ apps: [] }, []);
  found['apps-port-taken'] = apps({ api: { ...programs.api, address: null, port_taken: true } });
  found['apps-off'] = apps({ api: { ...programs.api, address: null, wanted: false } });
  found['apps-hostile'] = apps({ apps: programs.apps.map((app) => ({ ...app, name: HOSTILE, scopes: [...app.scopes, HOSTILE] })) }, [{ ...full, label: null, name: HOSTILE }]);
  found['pairing'] = { ...apps({ request: asks }), page };
  found['pairing-hostile'] = { ...apps({ request: { ...asks, name: HOSTILE.slice(0, 40), program: `/${'long'.repeat(200)}` } }, [{ ...full, label: null, name: HOSTILE }]), page };
  found['permission-apps'] = { ...looked(enabled, 'wallet', usedPermission(now)), apps: programs };
  const tester = (testing: TesterView): Variant => ({ view: { ...base, environment: 'sandbox' }, page: { kind: 'extra' }, testing });
  const nothingPlanned: TesterView = { people: [], presets: [], planned: [], faults: [], switches: [], clock_offset_s: 0, scenario: null };
  found['tester'] = tester(busySandbox());
  found['tester-nothing'] = tester(nothingPlanned);
  found['tester-hostile'] = tester({
    ...nothingPlanned,
    people: [{ id: 'markup', name: HOSTILE, about: HOSTILE }],
    presets: [{ name: 'markup', title: HOSTILE, about: HOSTILE }],
    planned: [{ person: 'markup', allow: { kind: 'all' }, auto: true, times: 4_294_967_295 }],
    faults: [{ number: 4_294_967_295, target: null, fault: null, times: 4_294_967_295 }],
    switches: [{ name: HOSTILE, value: HOSTILE }],
    clock_offset_s: -315_360_000,
    scenario: HOSTILE,
  });
  // A place that only the sandbox has leads nowhere elsewhere.
  found['tester-production'] = { view: { ...base, environment: 'production' }, page: { kind: 'extra' } };
  const names = ['keychain', 'loopback_listener', 'link_handler', 'browser', 'backend', 'monei'] as const;
  const works = (name: Check['name']): Check => ({ name, ok: true, needed: name !== 'link_handler' && name !== 'clock', problem: null, took_ms: 12, skew_s: null });
  found['diagnose-well'] = { ...settings({}), checks: [...names.map(works), { ...works('clock'), skew_s: -1 }] };
  found['diagnose-ill'] = {
    ...settings({}),
    checks: [
      ...names.map((name, index) => ({ ...works(name), ok: false, problem: (['keychain_locked', 'loopback_unavailable', 'deep_link_unavailable', 'browser_failed', 'backend_certificate', 'offline'] as const)[index] ?? null })),
      { ...works('clock'), ok: false, skew_s: -601 },
    ],
  };
  found['diagnose-note'] = { ...settings({}), checks: [...names.map(works), { ...works('clock'), ok: false, skew_s: 7300 }] };
  found['diagnose-clock-behind'] = { ...settings({}), checks: [{ ...works('clock'), ok: false, skew_s: 7300 }] };
  found['not-checkable'] = account({ ...withFeatures((index) => (index > 3 ? enabled : { kind: 'not_asked' })), checkable: false });
  found['memory-only'] = { view: { ...base, keychain: 'absent', in_memory: true }, page: home };
  found['set-aside-waits'] = { view: { ...base, keychain: 'locked', set_aside: { file: 'index.sqlite.damaged-1', recovered: null } }, page: home };
  found['set-aside-one'] = { view: { ...base, set_aside: { file: 'index.sqlite.damaged-1', recovered: 1 } }, page: home };
  found['set-aside-several'] = { view: { ...base, in_memory: true, set_aside: { file: `index.sqlite.damaged-${'1'.repeat(60)}`, recovered: 12 } }, page: home };
  for (const code of CODES) found[`stage-failed-${code}`] = stage({ kind: 'failed', problem: problem(code) });
  for (const code of ['backend_certificate', 'backend_environment', 'backend_incompatible', 'backend_address', 'service_unavailable'] as const) {
    found[`settings-${code}`] = settings({ status: { kind: 'problem', problem: problem(code) } });
  }
  for (const keychain of ['asking', 'locked', 'dismissed', 'not_set_up', 'absent', 'no_bus', 'failed', 'stopped', 'refused', 'timeout'] as const) {
    found[`first-run-keychain-${keychain}`] = firstRun({ kind: 'ready' }, keychain);
    found[`settings-keychain-${keychain}`] = settings({}, keychain);
  }
  if (missingTogether(base, mixed).length < 2) throw new Error('the mixed account should miss two features at least');
  return found;
}

/** A permission that several have used. */
/** Programs of one account: allowed, about to end, and former ones. */
function appsOf(account: string, now: number): AppsView {
  const app = { account, until: null, last_used_at: now - 3 * 60_000, uses: 1284, state: 'allowed' as const };
  return {
    apps: [
      { ...app, id: 'a1', name: 'Budget sheet', scopes: ['profile:read', 'wallet:read'] },
      { ...app, id: 'a2', name: 'Bill payer', scopes: ['bills:pay'], until: now + 30 * 24 * HOUR, last_used_at: null, uses: 0 },
      { ...app, id: 'a3', name: 'Old script', scopes: ['profile:read'], state: 'taken_back', uses: 1 },
      { ...app, id: 'a4', name: 'Tax export', scopes: ['wallet:read'], state: 'ended', until: now - HOUR },
    ],
    api: { wanted: true, address: 'http://127.0.0.1:20001', port: 20001, port_taken: false },
    request: null,
  };
}

function usedPermission(now: number): PermissionView {
  const used = { count: 12, failed: 0, first_at: now - 40 * 24 * HOUR, last_at: now - 3 * 60_000 };
  return {
    endpoints: [
      { call: 'GET /wallet/me', effect: 'reads' },
      { call: 'GET /bills/discovery/biller-items/:category/:billerName', effect: 'reads' },
      { call: 'POST /wallet/payout/bank-transfer', effect: 'spends' },
    ],
    history: [
      { at: now - 19 * 24 * HOUR, event: 'granted' },
      { at: now - 26 * 24 * HOUR, event: 'lost' },
      { at: now - 40 * 24 * HOUR, event: 'declined' },
    ],
    uses: [
      { caller: 'window', call: 'GET /wallet/me', ...used },
      { caller: 'monitor', call: 'GET /user/me', ...used, count: 1, last_at: now - 2 * HOUR },
      { caller: 'app:7', call: 'GET /wallet/deposit/status/:reference', ...used, failed: 3, last_at: now - 90 * HOUR },
    ],
    along: [],
  };
}

/** What the sandbox tells a tester in the midst of things. */
function busySandbox(): TesterView {
  return {
    people: [
      { id: 'ada', name: 'Ada Okafor', about: 'Verified trader' },
      { id: 'tunde', name: 'Tunde Bello', about: 'New here' },
    ],
    presets: [
      { name: 'normal', title: 'Everything normal', about: 'No faults, no plan.' },
      { name: 'busy', title: 'Busy', about: 'Asks for a pause.' },
    ],
    planned: [
      { person: 'ada', allow: { kind: 'features', features: ['profile', 'wallet'] }, auto: true, times: 1 },
      { person: null, allow: { kind: 'not_sensitive' }, auto: false, times: 3 },
      { person: 'gone', allow: { kind: 'features', features: [] }, auto: false, times: 1 },
    ],
    faults: [
      { number: 1, target: 'api', fault: { kind: 'status', status: 429, retry_after_s: 8 }, times: 3 },
      { number: 2, target: 'token', fault: { kind: 'drop_after' }, times: 1 },
      { number: 5, target: 'wallet', fault: { kind: 'delay', seconds: 20 }, times: 100_000 },
    ],
    switches: [{ name: 'upgrade_scopes', value: 'only_new' }],
    clock_offset_s: 3700,
    scenario: 'Revoked at Monei',
  };
}

/** An answer that tells nothing. */
function blank(section: SectionView['section']): SectionView {
  switch (section) {
    case 'profile':
      return { section, name: null, email: null, phone: null, verified: null, member_since: null };
    case 'kyc':
      return {
        section,
        tier: null,
        status: null,
        can_upgrade: null,
        limits: (['single', 'daily', 'monthly', 'balance', 'crypto_daily'] as const).map((kind) => ({ kind, amount: null })),
        allowances: (['crypto', 'cross_border', 'p2p', 'withdrawal'] as const).map((kind) => ({ kind, allowed: null })),
      };
    case 'wallet':
      return { section, naira: null, subwallets: [{ kind: 'unknown', chain: null, balance: null, address: null, bank_name: null, account_number: null }] };
    case 'transactions':
      return { section, total: null, items: [{ at: null, amount: null, direction: 'unknown', status: 'unknown', narration: null, reference: null }] };
  }
}

/** An answer that means harm: markup, direction marks, and lengths that break a layout. */
function hostile(section: SectionView['section']): SectionView {
  const money = { amount: '123456789012345678901234567890.12', currency: 'NGN' };
  switch (section) {
    case 'profile':
      return { section, name: HOSTILE, email: HOSTILE, phone: HOSTILE, verified: false, member_since: 0 };
    case 'kyc':
      return { section, tier: 4, status: HOSTILE, can_upgrade: true, limits: [{ kind: 'single', amount: money }], allowances: [{ kind: 'crypto', allowed: false }] };
    case 'wallet':
      return {
        section,
        naira: money,
        subwallets: [{ kind: 'crypto', chain: HOSTILE, balance: { amount: '0.000000000000000001', currency: HOSTILE }, address: HOSTILE, bank_name: null, account_number: null }],
      };
    case 'transactions':
      return { section, total: 4_294_967_295, items: [{ at: 0, amount: money, direction: 'in', status: 'cancelled', narration: HOSTILE, reference: HOSTILE }] };
  }
}

function everyEvent(now: number, scopes: string[]): ActivityItem[] {
  const who = { account: null, account_name: 'Ada Okafor' };
  const events: ActivityItem['event'][] = [
    { kind: 'refreshed' },
    { kind: 'contradicted', scopes: ['kyc:read'] },
    { kind: 'unknown' },
    { kind: 'taken_back', scopes: scopes.slice(5, 6), along: scopes.slice(0, 1), by: 'window' },
    { kind: 'set_aside', scopes: scopes.slice(2, 3), by: 'command_line' },
    { kind: 'switched_on', scopes: scopes.slice(2, 3), by: 'window' },
    { kind: 'payment', app: 'Bill payer', amount: '2500.5', currency: 'NGN', to: 'tunde@example.test', reference: 'INV-2026-014', outcome: 'done' },
    { kind: 'payment', app: 'Bill payer', amount: null, currency: 'NGN', to: '08030000000', reference: null, outcome: 'unknown' },
    { kind: 'disconnected', confirmed: true, by: 'command_line' },
    { kind: 'disconnected', confirmed: false, by: null },
    { kind: 'revoked', scopes: scopes.slice(0, 2) },
    { kind: 'reconnected', granted: [], declined: scopes.slice(3, 5) },
    { kind: 'failed', code: 'timed_out' },
    { kind: 'connected', granted: scopes.slice(0, 2), declined: scopes.slice(2, 3) },
  ];
  const items: ActivityItem[] = events.map((event, index) => ({ at: now - index * 7 * HOUR, ...who, event }));
  return [...items, { at: now - events.length * 7 * HOUR, account: null, account_name: null, event: { kind: 'backend_changed', address: REMOTE } }];
}
