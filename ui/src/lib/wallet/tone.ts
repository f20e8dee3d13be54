import type { SaleStatus, TransactionStatus } from '../bindings';

/** The colour of a status, on top of its word. */
export type Tone = 'good' | 'warn' | 'bad' | '';

const TONES: Record<SaleStatus | TransactionStatus, Tone> = {
  begun: 'warn',
  awaiting_deposit: 'warn',
  deposit_received: 'warn',
  processing: 'warn',
  fiat_sent: 'warn',
  pending: 'warn',
  completed: 'good',
  done: 'good',
  failed: 'bad',
  cancelled: '',
  refunded: '',
  expired: '',
  unknown: '',
};

export const toneOf = (status: SaleStatus | TransactionStatus): Tone => TONES[status];
