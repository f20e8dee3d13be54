import type { ConfirmationView, PaymentField } from '../lib/bindings';

// The states of the window for confirming a payment.

const base: ConfirmationView = {
  number: 1,
  app: 'Bill payer',
  account: 'Ada Okafor',
  action: 'send',
  amount: '2500.5',
  currency: 'NGN',
  to: 'tunde@example.test',
  fields: [
    { meaning: 'receiver', value: 'tunde@example.test' },
    { meaning: 'amount', value: '2500.5' },
  ],
  wants_pin: true,
  sent_before: null,
  environment: 'sandbox',
  theme: 'system',
  language: 'en',
};
const field = (meaning: PaymentField['meaning'], value: string): PaymentField => ({ meaning, value });
const LONG = `<b>\u202e${'Adébáyọ̀'.repeat(30)}`;
/** Every state of it. */
export const confirmations: Record<string, ConfirmationView | null> = {
  send: base,
  again: { ...base, sent_before: 1_768_500_000_000 },
  withdraw: { ...base, action: 'withdraw', to: '0123456789', fields: [field('amount', '2500.5'), field('bank', '044'), field('account_number', '0123456789'), field('narration', 'Rent')] },
  data: { ...base, action: 'data', amount: null, to: '08030000000', wants_pin: false, fields: [field('customer', '08030000000'), field('provider', 'MTN'), field('item', 'MD108')] },
  swap: { ...base, action: 'swap', amount: '0.5', currency: null, to: '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', wants_pin: false, fields: [field('amount', '0.5'), field('gets', '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48'), field('network', '1'), field('slippage', '50')] },
  sell: { ...base, action: 'sell_crypto', amount: '100', currency: 'USDT', to: '0123456789', wants_pin: false, environment: 'production', fields: [field('amount', '100'), field('pays', 'USDT'), field('network', 'base'), field('bank', 'GTBINGLA'), field('account_number', '0123456789'), field('account_name', 'Ada Okafor')] },
  hostile: { ...base, app: LONG, account: LONG, to: LONG, fields: [field('receiver', LONG), field('narration', LONG)] },
  none: null,
};
