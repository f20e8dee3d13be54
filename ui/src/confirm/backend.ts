import type { ConfirmationView } from '../lib/bindings';

/** All that the window for confirming a payment can ask of the program. */
export interface ConfirmBackend {
  /** Calls back with the payment that waits, now and after each change; null: it was answered. */
  confirmation(listener: (view: ConfirmationView | null) => void): Promise<void>;
  /** Answers it. The PIN goes to Monei with this payment, and nowhere else. */
  answer(number: number, allow: boolean, pin: string | null): Promise<void>;
}
