import type { ActivityFilter, ActivityFormat, ActivityItem, AppsView, AppView, Check, DesktopView, DisconnectOutcome, Exported, ExportFormat, ExportProgress, FeatureId, HistoryFilter, HistoryPage, Language, Lasts, LeavingView, PermissionUse, PermissionView, Place, Problem, Receipt, ReceiptFormat, Review, Section, SectionView, SetAsideOutcome, TesterOrder, TesterView, Unrevoked, UpdateView, WalletPart, WalletPartView } from '../bindings';
import type { Backend } from './backend';
import type { CallStep, Story } from './story';

/** Calls that change nothing, and so fit anywhere in a story. */
const READS = new Set(['state', 'load', 'activity']);

const INVALID_INPUT: Problem = { code: 'invalid_input', retry_after_s: null };

/** What a section answers; a test may set another answer than the recorded one. */
export type SectionAnswer = (account: string, section: Section) => Promise<SectionView>;

/** What a part of a wallet answers; a test may set another answer than the recorded one. */
export type PartAnswer = (account: string, part: WalletPart) => Promise<WalletPartView>;

/** Plays a story: a call that fits the next step emits its states and resolves; any other rejects. */
export class Memory implements Backend {
  /** Answers `load`; by default with what the story recorded. */
  sections: SectionAnswer = (account, section) => {
    const recorded = this.#story.sections[account]?.[section];
    return recorded ? Promise.resolve(recorded) : Promise.reject({ code: 'scope_missing', retry_after_s: null } satisfies Problem);
  };

  /** What the desktop speaks. */
  desktop: Language = 'en';
  /** Answers `wallet_part`; by default with what the story recorded. */
  parts: PartAnswer = (account, part) => {
    const recorded = this.#story.parts[account]?.find(({ asked }) => canonical(asked) === canonical(part));
    return recorded ? Promise.resolve(recorded.answer) : Promise.reject({ code: 'scope_missing', retry_after_s: null } satisfies Problem);
  };

  #story: Story;
  #next = 0;
  #view: AppView;
  #listeners = new Set<(view: AppView) => void>();
  #pace: number;

  /** `pace`: milliseconds between two states, so that a person can watch. */
  constructor(story: Story, { pace = 0 } = {}) {
    this.#story = story;
    this.#pace = pace;
    const first = firstView(story);
    if (!first) throw new Error(`the story "${story.name}" has no state`);
    this.#view = first;
    this.#skipReads();
  }

  /** How many steps have been played. */
  get position(): number {
    return this.#next;
  }

  /** Plays the next step if it happens elsewhere; says what happened. */
  async advance(): Promise<string> {
    const step = this.#story.steps[this.#next];
    if (!step || !('outside' in step)) throw new Error(`step ${this.#next} of "${this.#story.name}" does not happen elsewhere`);
    this.#next += 1;
    await this.#emit(step.states);
    this.#skipReads();
    return step.outside;
  }

  /** Jumps: every step before `position` has happened. */
  seek(position: number): void {
    for (const step of this.#story.steps.slice(0, position)) {
      const last = step.states?.at(-1) ?? ('call' in step && step.call === 'state' ? (step.result as AppView) : undefined);
      if (last) this.#view = last;
    }
    this.#next = position;
    this.#skipReads();
  }

  /** Shows a view that no story holds. */
  show(view: AppView): void {
    this.#view = this.#spoken(view);
    for (const listener of this.#listeners) listener(this.#view);
  }

  #spoken = (view: AppView): AppView => ({ ...view, language: view.preferences.language ?? this.desktop });

  state(): Promise<AppView> {
    return Promise.resolve(this.#spoken(this.#view));
  }
  connect = (scopes: string[]) => this.#play<void>('connect', { scopes });
  reconnect = (account: string, scopes: string[]) => this.#play<void>('reconnect', { account, scopes });
  open_again = () => this.#play<void>('open_again', {});
  copy_link = () => this.#play<void>('copy_link', {});
  use_deep_link = () => this.#play<void>('use_deep_link', {});
  cancel = () => this.#play<void>('cancel', {});
  dismiss = () => this.#play<void>('dismiss', {});
  decide = (decision: string) => this.#play<void>('decide', { decision });
  load(account: string, section: Section): Promise<SectionView> {
    return this.sections(account, section);
  }
  wallet_part(account: string, part: WalletPart): Promise<WalletPartView> {
    return this.parts(account, part);
  }
  /** No story holds one; a state or a test sets another answer. */
  history: (account: string, filter: HistoryFilter, page: number) => Promise<HistoryPage> = () => Promise.resolve({ items: [], total: 0, more: false });
  export_history: (account: string, filter: HistoryFilter, format: ExportFormat, progress: (far: ExportProgress) => void) => Promise<Exported | null> = () => Promise.resolve(null);
  cancel_export: () => Promise<void> = () => Promise.resolve();
  check = (account: string) => this.#play<void>('check', { account });
  rename = (account: string, label: string | null) => this.#play<void>('rename', { account, label });
  /** No story moves one. */
  move_account(account: string, before: string | null): Promise<void> {
    const { accounts } = this.#view;
    const moved = accounts.filter(({ id }) => id === account);
    const rest = accounts.filter(({ id }) => id !== account);
    const place = rest.findIndex(({ id }) => id === before);
    this.show({ ...this.#view, accounts: place === -1 ? [...rest, ...moved] : [...rest.slice(0, place), ...moved, ...rest.slice(place)] });
    return Promise.resolve();
  }
  /** No story holds one; a state or a test sets another answer. */
  permission: (account: string, feature: FeatureId) => Promise<PermissionView> = () => Promise.resolve({ endpoints: [], history: [], uses: [], along: [] });
  disconnect = (account: string, unrevoked: string) => this.#play<DisconnectOutcome | null>('disconnect', { account, unrevoked });
  /** No story leaves; a state or a test sets another answer. */
  leave: (unrevoked: Unrevoked) => Promise<LeavingView | null> = () => Promise.resolve(null);
  end_program: () => Promise<void> = () => Promise.resolve();
  activity(filter: ActivityFilter): Promise<ActivityItem[]> {
    return Promise.resolve(this.#story.activity.filter((item) => fitsFilter(item, filter)));
  }
  /** No story saves; a test sets another answer. */
  save_activity: (filter: ActivityFilter, format: ActivityFormat) => Promise<string | null> = () => Promise.resolve(null);
  /** No story holds one; a state or a test sets other answers. */
  receipts: (account: string | null) => Promise<Receipt[]> = () => Promise.resolve([]);
  save_receipt: (number: number, format: ReceiptFormat) => Promise<string | null> = () => Promise.resolve(null);
  reviews: () => Promise<Review[]> = () => Promise.resolve([]);
  keep: (account: string, feature: FeatureId | null) => Promise<void> = () => Promise.resolve();
  take_back: (account: string, scopes: string[]) => Promise<DisconnectOutcome | null> = () => Promise.resolve({ kind: 'revoked' });
  set_aside: (account: string, feature: FeatureId) => Promise<SetAsideOutcome> = () => Promise.resolve({ kind: 'ended' });
  switch_on: (account: string, feature: FeatureId) => Promise<void> = () => Promise.resolve();
  set_backend = (address: string) => this.#play<void>('set_backend', { address });
  confirm_backend = (address: string, name: string | null) => this.#play<void>('confirm_backend', { address, name });
  /** No story changes one. */
  set_preferences(preferences: AppView['preferences']): Promise<void> {
    this.show({ ...this.#view, preferences });
    return Promise.resolve();
  }
  probe = () => this.#play<void>('probe', {});
  poll = () => this.#play<void>('poll', {});
  close_keychain_dialog = () => this.#play<void>('close_keychain_dialog', {});
  keep_in_memory = () => this.#play<void>('keep_in_memory', {});
  open_link = (link: string) => this.#play<void>('open_link', { link });
  diagnose = () => this.#play<Check[]>('diagnose', {});
  copy_report = () => this.#play<void>('copy_report', {});
  save_report = () => this.#play<string>('save_report', {});
  licences: () => Promise<string | null> = () => Promise.resolve(null);
  /** No story holds the sandbox's own offers; a state or a test sets them. */
  testing: TesterView | null = null;
  tester = (): Promise<TesterView> => (this.testing ? Promise.resolve(this.testing) : Promise.reject(INVALID_INPUT));
  tester_order(_order: TesterOrder): Promise<TesterView> {
    return this.tester();
  }

  /** No story holds any; a state or a test sets them. */
  apps: AppsView = { apps: [], api: { wanted: true, address: null, port: null, port_taken: false }, request: null };
  #appListeners = new Set<(view: AppsView) => void>();
  showApps(apps: AppsView): void {
    this.apps = apps;
    for (const listener of this.#appListeners) listener(apps);
  }
  watch_apps(listener: (view: AppsView) => void): Promise<void> {
    this.#appListeners.add(listener);
    listener(this.apps);
    return Promise.resolve();
  }
  /** What was asked for, for tests. */
  readonly appCalls: unknown[][] = [];
  #note = (...call: unknown[]): Promise<void> => {
    this.appCalls.push(call);
    return Promise.resolve();
  };
  allow_app = (name: string, account: string, scopes: string[], lasts: Lasts) => this.#note('allow_app', name, account, scopes, lasts);
  narrow_app = (app: string, keeps: string[]) => this.#note('narrow_app', app, keeps);
  extend_app = (app: string, more: string[], lasts: Lasts | null) => this.#note('extend_app', app, more, lasts);
  take_back_app = (app: string) => this.#note('take_back_app', app);
  app_log = (_app: string): Promise<PermissionUse[]> => Promise.resolve([]);
  allow_request = (number: number, account: string, scopes: string[], lasts: Lasts) => this.#note('allow_request', number, account, scopes, lasts);
  deny_request = (number: number) => this.#note('deny_request', number);
  set_api = (wanted: boolean) => this.#note('set_api', wanted);
  draw_api_port = () => this.#note('draw_api_port');

  /** What the desktop has; a state or a test sets something else. */
  around: DesktopView = { tray: true, notifications: true, starts_at_login: false };
  desktop_view = (): Promise<DesktopView> => Promise.resolve(this.around);
  set_start_at_login: (on: boolean) => Promise<void> = (on) => {
    this.around = { ...this.around, starts_at_login: on };
    return Promise.resolve();
  };
  /** Leads the person somewhere, as from a notification. */
  lead: (place: Place) => void = () => undefined;
  watch_places(listener: (place: Place) => void): Promise<void> {
    this.lead = listener;
    return Promise.resolve();
  }

  /** A build by hand; a state or a test sets something else. */
  updates: UpdateView = { way: 'elsewhere', daily: false, looked_at: null, state: { kind: 'idle' } };
  #updateListeners = new Set<(view: UpdateView) => void>();
  showUpdates(updates: UpdateView): void {
    this.updates = updates;
    for (const listener of this.#updateListeners) listener(updates);
  }
  watch_updates(listener: (view: UpdateView) => void): Promise<void> {
    this.#updateListeners.add(listener);
    listener(this.updates);
    return Promise.resolve();
  }
  /** What was asked for, for tests. */
  readonly updateCalls: unknown[][] = [];
  #noteUpdate = (...call: unknown[]): Promise<void> => {
    this.updateCalls.push(call);
    return Promise.resolve();
  };
  look_for_update = () => this.#noteUpdate('look_for_update');
  install_update = (version: string) => this.#noteUpdate('install_update', version);
  cancel_update = () => this.#noteUpdate('cancel_update');
  set_daily_updates: (on: boolean) => Promise<void> = (on) => {
    this.showUpdates({ ...this.updates, daily: on });
    return Promise.resolve();
  };

  async watch(listener: (view: AppView) => void): Promise<void> {
    this.#listeners.add(listener);
    listener(await this.state());
  }

  async #play<Result>(call: string, args: Record<string, unknown>): Promise<Result> {
    const step = this.#story.steps[this.#next];
    if (!step || !('call' in step) || !fits(step, call, args)) throw INVALID_INPUT;
    this.#next += 1;
    await this.#emit(step.states ?? []);
    this.#skipReads();
    return step.result as Result;
  }

  async #emit(states: AppView[]): Promise<void> {
    for (const state of states) {
      await new Promise((resolve) => setTimeout(resolve, this.#pace));
      this.show(state);
    }
  }

  /** Recorded reads need not be repeated by the window at just that place. */
  #skipReads(): void {
    for (;;) {
      const step = this.#story.steps[this.#next];
      if (!step || !('call' in step) || !READS.has(step.call)) return;
      const last = step.states?.at(-1) ?? (step.call === 'state' ? (step.result as AppView) : undefined);
      if (last) this.show(last);
      this.#next += 1;
    }
  }
}

function firstView(story: Story): AppView | undefined {
  for (const step of story.steps) {
    if ('call' in step && step.call === 'state') return step.result as AppView;
    const first = step.states?.[0];
    if (first) return first;
  }
  return undefined;
}

/** As the program has it, as far as a story can tell: the rule is the core's (`model/snapshot/activity.rs`). */
export function fitsFilter({ account, event }: ActivityItem, filter: ActivityFilter): boolean {
  const app = 'app' in event ? event.app : '';
  const about = event.kind === 'unknown' ? null : event.kind === 'refreshed' ? 'renewals' : event.kind === 'backend_changed' ? 'service' : event.kind.startsWith('app_') ? 'apps' : 'approvals';
  return (filter.account === null || account === filter.account) && (filter.about === null || about === filter.about) && (filter.app === null || app === filter.app);
}

function fits(step: CallStep, call: string, args: Record<string, unknown>): boolean {
  return step.call === call && canonical(step.args) === canonical(args);
}

/** Text that is equal for equal values; the order of scopes doesn't matter. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`);
    return `{${entries.sort().join()}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
