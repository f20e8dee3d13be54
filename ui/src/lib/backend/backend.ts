import type { ActivityFilter, ActivityFormat, ActivityItem, AppsView, AppView, Check, Decision, DesktopView, DisconnectOutcome, Exported, ExportFormat, ExportProgress, FeatureId, HistoryFilter, HistoryPage, Lasts, LeavingView, Link, PermissionUse, PermissionView, Place, Preferences, Problem, Receipt, ReceiptFormat, Review, Section, SectionView, SetAsideOutcome, Unrevoked, UpdateView, WalletPart, WalletPartView } from '../bindings';

/**
 * All that the window can ask of the program. Two implementations: the Tauri commands (`tauri.ts`) and recorded stories (`memory.ts`).
 * Every method rejects with a `Problem`.
 */
export interface Backend {
  state(): Promise<AppView>;
  connect(scopes: string[]): Promise<void>;
  reconnect(account: string, scopes: string[]): Promise<void>;
  /** Opens the browser at the pending transaction once more. */
  open_again(): Promise<void>;
  /** Puts the pending transaction's link on the clipboard; it never comes into the window. */
  copy_link(): Promise<void>;
  use_deep_link(): Promise<void>;
  cancel(): Promise<void>;
  /** Puts the outcome of the last transaction away. */
  dismiss(): Promise<void>;
  decide(decision: Decision): Promise<void>;
  load(account: string, section: Section): Promise<SectionView>;
  /** A part of a wallet that is looked at by itself: one call to Monei at most. */
  wallet_part(account: string, part: WalletPart): Promise<WalletPartView>;
  /** A page of the whole history; the first is 1. */
  history(account: string, filter: HistoryFilter, page: number): Promise<HistoryPage>;
  /** Puts all that fits into a file that the person chooses; `null` where they cancel. Calls back with how far it is. */
  export_history(account: string, filter: HistoryFilter, format: ExportFormat, progress: (far: ExportProgress) => void): Promise<Exported | null>;
  cancel_export(): Promise<void>;
  check(account: string): Promise<void>;
  rename(account: string, label: string | null): Promise<void>;
  /** Moves an account in the list: before another one, or (`null`) to the end. */
  move_account(account: string, before: string | null): Promise<void>;
  /** What is known of one permission of one account. */
  permission(account: string, feature: FeatureId): Promise<PermissionView>;
  /** Once the person has said yes to the program itself; `null` where they say no. `remove` only after they were told what may live on at Monei. */
  disconnect(account: string, unrevoked: Unrevoked): Promise<DisconnectOutcome | null>;
  /** Ends every connection and deletes everything here, once the person has said yes to the program itself; `null` where they say no. */
  leave(unrevoked: Unrevoked): Promise<LeavingView | null>;
  end_program(): Promise<void>;
  /** Newest first. */
  activity(filter: ActivityFilter): Promise<ActivityItem[]>;
  /** Puts all that fits into a file that the person chooses; answers which, `null` where they cancel. */
  save_activity(filter: ActivityFilter, format: ActivityFormat): Promise<string | null>;
  /** What was approved, latest first. */
  receipts(account: string | null): Promise<Receipt[]>;
  /** Puts one into a file that the person chooses; answers which, `null` where they cancel. */
  save_receipt(number: number, format: ReceiptFormat): Promise<string | null>;
  /** What is worth another look. */
  reviews(): Promise<Review[]>;
  /** Keeps a permission that nobody uses, or with `null` the account as it is. */
  keep(account: string, feature: FeatureId | null): Promise<void>;
  /** Takes permissions back, with what was approved together. The account stays. `null`: the person said no, where nothing in use would be left. */
  take_back(account: string, scopes: string[]): Promise<DisconnectOutcome | null>;
  /** Switches a permission off here, and has Monei end it where it was approved alone. */
  set_aside(account: string, feature: FeatureId): Promise<SetAsideOutcome>;
  switch_on(account: string, feature: FeatureId): Promise<void>;
  set_backend(address: string): Promise<void>;
  /** `name`: what it calls itself, as the person saw it. */
  confirm_backend(address: string, name: string | null): Promise<void>;
  set_preferences(preferences: Preferences): Promise<void>;
  /** Tries the keychain and the backend anew. The keychain may open its own window for it. */
  probe(): Promise<void>;
  /** Asks the backend anew, and reads how the keychain stands, without a window of its own. */
  poll(): Promise<void>;
  /** Closes the keychain’s own window. What it was for ends as if it had been cancelled there. */
  close_keychain_dialog(): Promise<void>;
  /** From now on, and for this run, approvals are kept in memory alone. */
  keep_in_memory(): Promise<void>;
  open_link(link: Link): Promise<void>;
  /** Tries everything that a connection needs, one after the other. */
  diagnose(): Promise<Check[]>;
  /** Puts the report of the last `diagnose` on the clipboard. */
  copy_report(): Promise<void>;
  /** Writes it to the Downloads folder, or where there is none to the home folder; answers where. */
  save_report(): Promise<string>;
  /** The licences of what the program is made of; null in a build that isn’t from a package. */
  licences(): Promise<string | null>;
  /** Calls back with the apps: the present ones, and after each change. To be called once the first picture is there. */
  watch_apps(listener: (view: AppsView) => void): Promise<void>;
  /** Allows an app. Its key goes to the clipboard, and never comes into the window. */
  allow_app(name: string, account: string, scopes: string[], lasts: Lasts): Promise<void>;
  /** Leaves it these of its scopes. */
  narrow_app(app: string, keeps: string[]): Promise<void>;
  /** Gives it more scopes; `lasts`: another end too. */
  extend_app(app: string, more: string[], lasts: Lasts | null): Promise<void>;
  take_back_app(app: string): Promise<void>;
  /** What it did, latest first. */
  app_log(app: string): Promise<PermissionUse[]>;
  /** Allows the program that asks. The key goes to that program. */
  allow_request(number: number, account: string, scopes: string[], lasts: Lasts): Promise<void>;
  deny_request(number: number): Promise<void>;
  /** Lets apps reach the program, or not. */
  set_api(wanted: boolean): Promise<void>;
  /** Draws another port for apps; every key that was used over TCP ends. */
  draw_api_port(): Promise<void>;
  /** What this desktop has, as far as settings depend on it. */
  desktop_view(): Promise<DesktopView>;
  set_start_at_login(on: boolean): Promise<void>;
  /** Calls back with where the person is led from the tray or a notification. To be called once the first picture is there. */
  watch_places(listener: (place: Place) => void): Promise<void>;
  /** Calls back with what is known of new versions: the present, and each change. To be called once the first picture is there. */
  watch_updates(listener: (view: UpdateView) => void): Promise<void>;
  look_for_update(): Promise<void>;
  /** Fetches and installs the version that the person was shown. */
  install_update(version: string): Promise<void>;
  cancel_update(): Promise<void>;
  /** Whether the program looks once a day by itself. */
  set_daily_updates(on: boolean): Promise<void>;
  /** Calls back with the whole view: the present one, and each that follows. To be called once the first picture is there. */
  watch(listener: (view: AppView) => void): Promise<void>;
}

/** What was thrown, as a problem. What isn't one (a command that the program refuses, say) becomes `invalid_input`. */
export function asProblem(thrown: unknown): Problem {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string') {
    return thrown as Problem;
  }
  return { code: 'invalid_input', retry_after_s: null };
}
