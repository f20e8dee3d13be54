import { Channel, invoke } from '@tauri-apps/api/core';
import type { AppsView, AppView, ExportProgress, Place, UpdateView } from '../bindings';
import type { Backend } from './backend';

declare global {
  interface Window {
    /** Asked for at document start (`src-tauri/src/window/mod.rs`). */
    __firstState?: Promise<AppView>;
  }
}

/** The first state, once: it ages. */
function firstState(): Promise<AppView> | undefined {
  const asked = window.__firstState;
  delete window.__firstState;
  return asked;
}

/** The desktop program. */
export const tauri: Backend = {
  state: () => firstState() ?? invoke('state'),
  connect: (scopes) => invoke('connect', { scopes }),
  reconnect: (account, scopes) => invoke('reconnect', { account, scopes }),
  open_again: () => invoke('open_again'),
  copy_link: () => invoke('copy_link'),
  use_deep_link: () => invoke('use_deep_link'),
  cancel: () => invoke('cancel'),
  dismiss: () => invoke('dismiss'),
  decide: (decision) => invoke('decide', { decision }),
  load: (account, section) => invoke('load', { account, section }),
  wallet_part: (account, part) => invoke('wallet_part', { account, part }),
  history: (account, filter, page) => invoke('history', { account, filter, page }),
  export_history: (account, filter, format, progress) => invoke('export_history', { account, filter, format, progress: new Channel<ExportProgress>(progress) }),
  cancel_export: () => invoke('cancel_export'),
  check: (account) => invoke('check', { account }),
  rename: (account, label) => invoke('rename', { account, label }),
  move_account: (account, before) => invoke('move_account', { account, before }),
  permission: (account, feature) => invoke('permission', { account, feature }),
  disconnect: (account, unrevoked) => invoke('disconnect', { account, unrevoked }),
  leave: (unrevoked) => invoke('leave', { unrevoked }),
  end_program: () => invoke('end_program'),
  activity: (filter) => invoke('activity', { filter }),
  save_activity: (filter, format) => invoke('save_activity', { filter, format }),
  receipts: (account) => invoke('receipts', { account }),
  save_receipt: (number, format) => invoke('save_receipt', { number, format }),
  reviews: () => invoke('reviews'),
  keep: (account, feature) => invoke('keep', { account, feature }),
  take_back: (account, scopes) => invoke('take_back', { account, scopes }),
  set_aside: (account, feature) => invoke('set_aside', { account, feature }),
  switch_on: (account, feature) => invoke('switch_on', { account, feature }),
  set_backend: (address) => invoke('set_backend', { address }),
  confirm_backend: (address, name) => invoke('confirm_backend', { address, name }),
  set_preferences: (preferences) => invoke('set_preferences', { preferences }),
  probe: () => invoke('probe'),
  poll: () => invoke('poll'),
  close_keychain_dialog: () => invoke('close_keychain_dialog'),
  keep_in_memory: () => invoke('keep_in_memory'),
  open_link: (link) => invoke('open_link', { link }),
  diagnose: () => invoke('diagnose'),
  copy_report: () => invoke('copy_report'),
  save_report: () => invoke('save_report'),
  licences: () => invoke('licences'),
  watch_apps: (listener) => invoke('watch_apps', { views: new Channel<AppsView>(listener) }),
  allow_app: (name, account, scopes, lasts) => invoke('allow_app', { name, account, scopes, lasts }),
  narrow_app: (app, keeps) => invoke('narrow_app', { app, keeps }),
  extend_app: (app, more, lasts) => invoke('extend_app', { app, more, lasts }),
  take_back_app: (app) => invoke('take_back_app', { app }),
  app_log: (app) => invoke('app_log', { app }),
  allow_request: (number, account, scopes, lasts) => invoke('allow_request', { number, account, scopes, lasts }),
  deny_request: (number) => invoke('deny_request', { number }),
  set_api: (wanted) => invoke('set_api', { wanted }),
  draw_api_port: () => invoke('draw_api_port'),
  desktop_view: () => invoke('desktop_view'),
  set_start_at_login: (on) => invoke('set_start_at_login', { on }),
  watch_places: (listener) => invoke('watch_places', { places: new Channel<Place>(listener) }),
  watch_updates: (listener) => invoke('watch_updates', { views: new Channel<UpdateView>(listener) }),
  look_for_update: () => invoke('look_for_update'),
  install_update: (version) => invoke('install_update', { version }),
  cancel_update: () => invoke('cancel_update'),
  set_daily_updates: (on) => invoke('set_daily_updates', { on }),
  watch: (listener) => invoke('watch', { views: new Channel<AppView>(listener) }),
};
