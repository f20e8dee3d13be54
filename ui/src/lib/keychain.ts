import type { KeychainState, ProblemCode } from './bindings';

/** What there is to say about a state of the keychain; nothing while it works, or while its own window says it. */
export const keychainProblem: Record<KeychainState, ProblemCode | null> = {
  unknown: null,
  ready: null,
  asking: null,
  locked: 'keychain_locked',
  dismissed: 'keychain_dismissed',
  not_set_up: 'keychain_not_set_up',
  absent: 'keychain_absent',
  no_bus: 'keychain_no_bus',
  failed: 'keychain_failed',
  stopped: 'keychain_stopped',
  refused: 'keychain_refused',
  timeout: 'keychain_timeout',
};
