import type { ProblemCode } from '../bindings';
import shared from './en-shared.json';

/** What a person can do about a problem, beyond reading. */
export type WayOut = 'try_again' | 'probe' | 'unlock' | 'set_up' | 'reconnect' | 'settings' | 'monei_settings' | 'none';

export interface ProblemText {
  /** What happened, as a sentence without full stop. */
  title: string;
  /** Why. */
  cause: string;
  /** What to do. */
  advice: string;
  /** The button for it. */
  wayOut: WayOut;
}

/** One entry per code: a code without its way out does not compile. */
const ways: Record<ProblemCode, WayOut> = {
  keychain_locked: 'unlock',
  keychain_dismissed: 'probe',
  keychain_not_set_up: 'set_up',
  keychain_absent: 'probe',
  keychain_no_bus: 'probe',
  keychain_failed: 'probe',
  keychain_stopped: 'probe',
  keychain_refused: 'probe',
  keychain_timeout: 'probe',
  keychain_too_long: 'none',
  keychain_forgets: 'probe',
  record_unreadable: 'reconnect',
  record_missing: 'reconnect',
  index_unavailable: 'try_again',
  index_newer: 'none',
  offline: 'try_again',
  address_unknown: 'settings',
  network_intercepted: 'try_again',
  proxy_refused: 'try_again',
  proxy_password: 'try_again',
  proxy_unreachable: 'try_again',
  proxy_setting: 'try_again',
  backend_missing: 'settings',
  backend_unreachable: 'try_again',
  backend_certificate: 'try_again',
  certificates_missing: 'try_again',
  backend_environment: 'settings',
  backend_incompatible: 'settings',
  backend_unconfirmed: 'settings',
  backend_address: 'settings',
  service_unavailable: 'try_again',
  provider_unavailable: 'try_again',
  busy: 'try_again',
  browser_failed: 'try_again',
  browser_missing: 'try_again',
  loopback_unavailable: 'settings',
  deep_link_unavailable: 'settings',
  declined: 'try_again',
  nothing_granted: 'try_again',
  timed_out: 'try_again',
  approval_expired: 'try_again',
  approval_invalid: 'try_again',
  run_ended: 'try_again',
  request_refused: 'try_again',
  revocation_pending: 'monei_settings',
  somebody_else: 'none',
  access_revoked: 'reconnect',
  scope_missing: 'none',
  limit_reached: 'monei_settings',
  answer_unreadable: 'try_again',
  another_in_progress: 'none',
  no_such_account: 'none',
  no_such_app: 'none',
  app_name_taken: 'none',
  permission_not_given: 'none',
  confirmation_needed: 'none',
  outcome_unknown: 'none',
  report_unsaved: 'none',
  file_unsaved: 'none',
  clipboard_unavailable: 'none',
  program_ending: 'none',
  others_running: 'none',
  invalid_input: 'none',
};

/** The sentences, from the catalogue that every front end shares (`crates/app`): a code without its sentence does not compile. */
const words: Record<ProblemCode, Omit<ProblemText, 'wayOut'>> = shared.problems;

export const problems = Object.fromEntries(
  Object.entries(ways).map(([code, wayOut]) => [code, { ...words[code as ProblemCode], wayOut }]),
) as Record<ProblemCode, ProblemText>;
