import { Apps } from './apps/apps.svelte';
import { asProblem, type Backend } from './backend/backend';
import type { AccountView, AppView, Check, Feature, FeatureId, FeatureState, Link, MoneyView, Place, Preferences, Problem, Review, Stage } from './bindings';
import type { Extra } from './extra';
import { clean, isolate } from './format/foreign';
import { formatDigits, formatMoney } from './format/money';
import { speak } from './language.svelte';
import { Sections } from './sections.svelte';
import { t } from './text';
import { Updates } from './updates.svelte';

/** What of a wallet is looked at by itself. */
export type WalletTab = 'crypto' | 'sales' | 'bills' | 'deposits';

/** What the right side shows. */
export type Page =
  /** The account that was shown last, or the only one; else the overview. */
  | { kind: 'home' }
  | { kind: 'overview' }
  | { kind: 'account'; id: string }
  | { kind: 'permission'; account: string; feature: FeatureId }
  | { kind: 'history'; account: string }
  | { kind: 'wallet'; account: string; part: WalletTab }
  /** Of one account, or of all, those that have gone among them. */
  | { kind: 'receipts'; account: string | null }
  | { kind: 'choose'; account: string | null }
  | { kind: 'transaction' }
  | { kind: 'apps' }
  | { kind: 'activity' }
  | { kind: 'settings' }
  | { kind: 'extra' }
  /** What was shown, or led to, isn't there any more. Never another account in its place. */
  | { kind: 'gone' };

/** The one dialog that may be open. Accounts are copies: the account itself may go while the dialog is open. */
export type Dialog =
  /** Every page, account and action by its name. */
  | { kind: 'palette' }
  | { kind: 'shortcuts' }
  | { kind: 'licences' }
  | { kind: 'rename'; account: AccountView }
  | { kind: 'ask'; account: string | null; features: Feature[]; scopes: string[] }
  | { kind: 'take_back'; account: AccountView; feature: Feature; along: string[] }
  | { kind: 'disconnect'; account: AccountView; name: string };

/** A line above the page about what was just done. */
export type Notice = { text: string } | { problem: Problem };

/** The window's state: the program's view, and where the person looks. */
export class App {
  readonly backend: Backend;
  /** What this build has besides. */
  readonly extra: Extra | null;
  readonly sections: Sections;
  /** Other programs that may use an account. */
  readonly apps: Apps;
  /** New versions of this program. */
  readonly updates: Updates;
  view: AppView;
  page: Page = $state.raw({ kind: 'home' });
  notice: Notice | null = $state.raw(null);
  /** The address before the last change in Settings, for the way back. */
  previousBackend: string | null = $state(null);
  /** What the last check of everything found. */
  checks: Check[] | null = $state.raw(null);
  /** What is worth another look. */
  reviews: Review[] = $state.raw([]);
  /** Why that couldn't be read. */
  reviewsProblem: Problem | null = $state.raw(null);
  /** The first picture is on the screen. What it doesn't need waits for it. */
  readonly painted: Promise<void>;
  #lastAccount: string | null = null;
  #dialog: Dialog | null = $state.raw(null);
  /** What an open dialog has begun still runs. */
  #working = false;
  /** Where the person is led once that is over. */
  #ahead: Place | null = null;

  constructor(backend: Backend, view: AppView, extra: Extra | null) {
    this.backend = backend;
    this.extra = extra;
    this.sections = new Sections(backend);
    this.apps = new Apps(backend);
    this.updates = new Updates(backend);
    this.view = $state.raw(view);
    speak(view.language);
    if (view.transaction) this.page = { kind: 'transaction' };
    this.painted = nextFrame().then(nextFrame);
  }

  /**
   * Once what has changed just now is on the screen, too. One frame isn't enough: its callbacks come before it is drawn, and what they change is drawn
   * in it.
   */
  async afterPaint(): Promise<void> {
    await this.painted;
    await nextFrame();
    await nextFrame();
  }

  /** Takes a new view of the program. */
  receive(view: AppView): void {
    const before = this.view;
    this.view = view;
    speak(view.language);
    this.sections.keep(view.accounts.map((account) => account.id));
    if (this.notice && 'problem' in this.notice && tells(before, this.notice.problem) && !tells(view, this.notice.problem)) this.notice = null;
    const stage = view.transaction?.stage.kind;
    if (view.transaction && (!before.transaction || (stage === 'checking' && before.transaction.stage.kind !== 'checking'))) this.go({ kind: 'transaction' });
    else if (before.transaction && !view.transaction && this.page.kind === 'transaction') this.#leave(before.transaction.stage, before.transaction.account);
    else if (this.page.kind === 'account' && !this.account(this.page.id)) this.page = this.#without(this.page.id);
    else if ('account' in this.page && this.page.account !== null && !this.account(this.page.account)) this.page = this.#without(this.page.account);
    else if (this.page.kind === 'home' && this.#lastAccount !== null && !this.account(this.#lastAccount)) this.page = this.#without(this.#lastAccount);
  }

  /** Where to be once an account has gone. The person who takes it away in its dialog knows; else it is said. */
  #without(id: string): Page {
    this.#lastAccount = null;
    const own = this.dialog?.kind === 'disconnect' && this.dialog.account.id === id;
    if (!own && this.dialog && 'account' in this.dialog && this.dialog.account !== null) {
      const about = typeof this.dialog.account === 'string' ? this.dialog.account : this.dialog.account.id;
      if (about === id) this.dialog = null;
    }
    return own || this.view.accounts.length === 0 ? { kind: 'home' } : { kind: 'gone' };
  }

  go(page: Page): void {
    this.notice = null;
    const account = page.kind === 'account' ? page.id : 'account' in page ? page.account : null;
    if (account !== null && !this.account(account)) {
      this.page = this.#without(account);
      return;
    }
    if (page.kind === 'account') this.#lastAccount = page.id;
    else if (page.kind === 'permission' || page.kind === 'history' || page.kind === 'wallet' || (page.kind === 'receipts' && page.account !== null)) this.#lastAccount = page.account;
    else if (page.kind === 'overview') this.#lastAccount = null;
    this.page = page;
  }

  get dialog(): Dialog | null {
    return this.#dialog;
  }

  set dialog(dialog: Dialog | null) {
    this.#dialog = dialog;
    this.#follow();
  }

  /** Set by an open dialog: whether what it has begun still runs. */
  set working(is: boolean) {
    this.#working = is;
    this.#follow();
  }

  /** The person is led here from the tray or a notification. What they were about to confirm gives way; what runs is seen to its end first. */
  lead(place: Place): void {
    this.#ahead = place;
    if (!this.#working) this.dialog = null;
  }

  /** To where the person was led, once no dialog is in the way. What a dialog left to say stays. */
  #follow(): void {
    if (this.#ahead === null || this.#working || this.#dialog !== null) return;
    const [place, notice] = [this.#ahead, this.notice];
    this.#ahead = null;
    if (place.kind === 'request') return;
    this.go(place.kind === 'account' ? { kind: 'account', id: place.account } : place);
    this.notice = notice;
  }

  account(id: string): AccountView | undefined {
    return this.view.accounts.find((account) => account.id === id);
  }

  /** The account that the right side shows, if it shows one. */
  get current(): AccountView | undefined {
    if (this.page.kind === 'account') return this.account(this.page.id);
    if (this.page.kind === 'home') return this.account(this.#lastAccount ?? '') ?? (this.view.accounts.length === 1 ? this.view.accounts[0] : undefined);
    return undefined;
  }

  /** Whether the right side shows every account. */
  get isOverview(): boolean {
    return (this.page.kind === 'overview' || this.page.kind === 'home') && this.current === undefined && this.view.accounts.length > 0;
  }

  /** A name to show: the person's own, else Monei's, else a number. Plain text from elsewhere; isolate it in a sentence. */
  nameOf(account: AccountView): string {
    for (const name of [account.label, account.name, account.email]) {
      const text = clean(name ?? '');
      if (text) return text;
    }
    return this.#numberOf(account);
  }

  /** By when it was connected: its number stays its own when the list is put in another order. */
  #numberOf(account: AccountView): string {
    return t.common.unnamed(this.view.accounts.filter((other) => other.connected_at < account.connected_at || (other.connected_at === account.connected_at && other.id <= account.id)).length);
  }

  /** For a choice between accounts: the name, with what tells it from another account of that name. */
  toldApart(account: AccountView): string {
    const name = this.nameOf(account);
    if (!this.view.accounts.some((other) => other.id !== account.id && this.nameOf(other) === name)) return isolate(name);
    const email = clean(account.email ?? '');
    const rest = [email === name ? '' : email, this.#numberOf(account)].filter(Boolean).map(isolate);
    return t.common.nameAnd(isolate(name), t.common.list(...rest));
  }

  /** An amount to show; not its digits where the person hides them. `undefined` for what is no amount. */
  money(money: MoneyView): string | undefined {
    const text = formatMoney(money);
    return text !== undefined && this.view.preferences.hide_amounts ? t.common.hiddenAmount : text;
  }

  /** Asks what is worth another look. Where that can't be read, nothing is, and the pages say that they don't know. */
  async look(): Promise<void> {
    try {
      this.reviews = await this.backend.reviews();
      this.reviewsProblem = null;
    } catch (thrown) {
      this.reviews = [];
      this.reviewsProblem = asProblem(thrown);
    }
  }

  /** Changes some of the person's choices. */
  prefer(changed: Partial<Preferences>): Promise<Problem | null> {
    return this.attempt(() => this.backend.set_preferences({ ...this.view.preferences, ...changed }));
  }

  /** Runs a command; a problem is shown above the page and returned. */
  async attempt(command: () => Promise<unknown>): Promise<Problem | null> {
    this.notice = null;
    try {
      await command();
      return null;
    } catch (thrown) {
      const problem = asProblem(thrown);
      this.notice = { problem };
      return problem;
    }
  }

  /** Asks Monei for `scopes`; what can move money is confirmed in a dialog first. */
  ask(account: string | null, scopes: string[]): void {
    const features = this.view.catalogue.filter((feature) => scopes.includes(feature.scope) && (feature.sensitive || feature.spends));
    if (features.length > 0) this.dialog = { kind: 'ask', account, features, scopes };
    else void this.start(account, scopes);
  }

  /** Starts a connection; the outcome of an earlier one gives way to it. */
  start(account: string | null, scopes: string[]): Promise<Problem | null> {
    return this.attempt(() => (account === null ? this.backend.connect(scopes) : this.backend.reconnect(account, scopes)));
  }

  /** Asks Monei and the keychain about one account anew, and fetches what it shows. */
  async refresh(account: AccountView): Promise<void> {
    await this.attempt(() => this.backend.check(account.id));
    const present = this.account(account.id);
    if (!present) return;
    await Promise.all(sectionsOf(present).map((section) => this.sections.load(present.id, section)));
  }

  openLink(link: Link): void {
    void this.attempt(() => this.backend.open_link(link));
  }

  /** Digits of an amount of a coin to show, exact; not where the person hides them. `undefined` for what is no amount. */
  digits(amount: string | null): string | undefined {
    const text = amount === null ? undefined : formatDigits(amount);
    return text !== undefined && this.view.preferences.hide_amounts ? t.common.hiddenAmount : text;
  }

  #leave(stage: Stage, account: string | null): void {
    const id = stage.kind === 'done' ? stage.account : account;
    if (id === null) this.go({ kind: 'home' });
    else this.go(this.account(id) ? { kind: 'account', id } : this.#without(id));
  }
}

/** The beginning of the next frame. */
const nextFrame = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => resolve()));

/** Whether an account has this problem. What was said of it elsewhere goes with it. */
const tells = (view: AppView, problem: Problem): boolean =>
  view.accounts.some(({ health }) => health.kind !== 'connected' && health.reason.code === problem.code);

/** Where a feature of an account stands. */
export function stateOf(account: AccountView, feature: Feature): FeatureState {
  return account.features.find((entry) => entry.id === feature.id)?.state ?? { kind: 'not_asked' };
}

/** The sections that an account's permissions open. Nothing else is ever asked for. */
export function sectionsOf(account: AccountView): ('profile' | 'kyc' | 'wallet' | 'transactions')[] {
  if (account.other_backend !== null) return [];
  const enabled = new Set(account.features.filter((entry) => entry.state.kind === 'enabled').map((entry) => entry.id));
  return (['profile', 'kyc', 'wallet', 'transactions'] as const).filter((section) => enabled.has(section === 'transactions' ? 'wallet' : section));
}

/** The scopes of features that are missing, may be asked for together, and are offered by the backend. */
export function missingTogether(view: AppView, account: AccountView): Feature[] {
  return view.catalogue.filter((feature) => !feature.spends && offered(view, feature) && !['enabled', 'set_aside'].includes(stateOf(account, feature).kind));
}

/** Whether the backend lets this be asked for. A backend that hasn't answered yet is not held against it. */
export function offered(view: AppView, feature: Feature): boolean {
  return view.backend.scopes.length === 0 || view.backend.scopes.includes(feature.scope);
}

/** Whether nothing is allowed any more by the person's own choice (`AccountSnapshot::is_given_up`). */
export function isGivenUp({ health, features }: AccountView): boolean {
  return health.kind === 'needs_reconnect' && health.reason.code === 'access_revoked' && !features.some(({ state }) => state.kind === 'lost');
}

/** The account's health for the eye: resting, and having nothing allowed, count as a kind of its own. */
export function healthKind(account: AccountView): 'connected' | 'needs_reconnect' | 'unreachable' | 'locked' | 'rests' | 'given_up' {
  if (account.other_backend !== null) return 'rests';
  return isGivenUp(account) ? 'given_up' : account.health.kind;
}
