import type { FeatureGroup, FeatureId, PaymentOutcome, ProblemCode } from '../bindings';
import type enShared from './en-shared.json';

/** The sentences of the catalogue that every front end shares (`crates/app`), in one language. */
export type Shared = typeof enShared;

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
  apps_port_taken: 'none',
  deep_link_unavailable: 'settings',
  declined: 'try_again',
  nothing_granted: 'try_again',
  timed_out: 'try_again',
  approval_expired: 'try_again',
  approval_invalid: 'try_again',
  run_ended: 'try_again',
  request_refused: 'try_again',
  revocation_pending: 'monei_settings',
  approval_lost: 'monei_settings',
  somebody_else: 'none',
  access_revoked: 'reconnect',
  scope_missing: 'none',
  limit_reached: 'monei_settings',
  answer_unreadable: 'try_again',
  history_incomplete: 'try_again',
  account_in_use: 'try_again',
  another_in_progress: 'none',
  no_such_account: 'none',
  no_such_app: 'none',
  app_name_taken: 'none',
  permission_not_given: 'none',
  permission_set_aside: 'none',
  confirmation_needed: 'none',
  outcome_unknown: 'none',
  report_unsaved: 'none',
  file_unsaved: 'none',
  question_open: 'none',
  asked_too_often: 'none',
  dialog_unavailable: 'none',
  clipboard_unavailable: 'none',
  program_ending: 'none',
  others_running: 'none',
  invalid_input: 'none',
};

/** Every problem with its sentences: a code without its sentence does not compile. */
export function problemTexts(words: Record<ProblemCode, Omit<ProblemText, 'wayOut'>>): Record<ProblemCode, ProblemText> {
  return Object.fromEntries(Object.entries(ways).map(([code, wayOut]) => [code, { ...words[code as ProblemCode], wayOut }])) as Record<ProblemCode, ProblemText>;
}

const of = (template: string) => (who: string) => template.replace('{who}', () => who);
/** Neither name is searched for the other's place. */
const ofApp = (template: string) => (app: string, who: string) => template.split('{app}').map((part) => part.replace('{who}', () => who)).join(app);

/** What happened, as a sentence for each kind of event. */
export const eventTexts = (events: Shared['events']) => ({
  connected: of(events.connected),
  reconnected: of(events.reconnected),
  refreshed: of(events.refreshed),
  revoked: of(events.revoked),
  taken_back: of(events.taken_back),
  set_aside: of(events.set_aside),
  switched_on: of(events.switched_on),
  contradicted: of(events.contradicted),
  disconnected: of(events.disconnected),
  failed: of(events.failed),
  backendChanged: events.backend_changed,
  app_allowed: ofApp(events.app_allowed),
  app_narrowed: ofApp(events.app_narrowed),
  app_extended: ofApp(events.app_extended),
  app_taken_back: ofApp(events.app_taken_back),
  payment: {
    done: ofApp(events.payment_done),
    refused: ofApp(events.payment_refused),
    not_sent: ofApp(events.payment_not_sent),
    unknown: ofApp(events.payment_unknown),
  } satisfies Record<PaymentOutcome, unknown>,
  unknown: events.unknown,
});

export interface FeatureText {
  title: string;
  /** What it lets this computer's apps do, as the end of "Lets this computer's apps …". */
  allows: string;
  /** Why somebody would want it. */
  why: string;
  /** What could happen at worst if it fell into the wrong hands. */
  worst: string;
}

/** A feature or group without its words does not compile. */
export const featureTexts = (shared: Shared): { features: Record<FeatureId, FeatureText>; groups: Record<FeatureGroup, { title: string; lead: string }> } => ({
  features: shared.features,
  groups: shared.groups,
});
