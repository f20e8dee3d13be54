import type { PaymentAction, PaymentMeaning } from '../../lib/bindings';

const quoted = (name: string) => `“${name}”`;

/** Every word of the window for confirming a payment, in English. */
export const en = {
  /** The one sentence: who asks, what is paid, how much, to whom, from which account. */
  sentence: (action: PaymentAction, app: string, amount: string | null, to: string | null, account: string) => {
    const what: Record<PaymentAction, string> = {
      send: `send ${amount} to ${to}`,
      withdraw: `pay out ${amount} to the bank account ${to}`,
      airtime: `buy airtime for ${amount} for ${to}`,
      data: `buy mobile data for ${to}`,
      electricity: `pay ${amount} for electricity, meter ${to}`,
      television: `pay for television, smartcard ${to}`,
      swap: `swap ${amount}${to === null ? '' : ` for ${to}`}`,
      send_crypto: `send ${amount} to the address ${to}`,
      sell_crypto: `sell ${amount}, paid out to the bank account ${to}`,
    };
    return `${quoted(app)} wants to ${what[action]}, from ${account}.`;
  },
  title: 'Confirm a payment',
  ofTheChain: (amount: string) => `${amount} of the network’s own coin`,
  account: 'Account',
  thisAccount: 'your account',
  meanings: {
    amount: 'Amount',
    currency: 'Currency',
    receiver: 'To',
    bank: 'Bank code',
    account_number: 'Bank account',
    account_name: 'Holder’s name, as the app gives it',
    customer: 'For',
    provider: 'Provider',
    item: 'Item',
    pays: 'Coin paid',
    gets: 'Coin bought',
    network: 'Network',
    reference: 'Reference',
    narration: 'Description',
    slippage: 'Worse than quoted by at most',
  } satisfies Record<PaymentMeaning, string>,
  /** A network's name with the number that is sent. */
  networkOf: (name: string, number: string) => `${name} (${number})`,
  percent: (digits: string) => `${digits}\u00a0%`,
  fee: 'Fee',
  fees: (action: PaymentAction): string => (action === 'send' ? 'None, says Monei' : 'Monei doesn’t say beforehand'),
  price: 'Price',
  priceUnknown: 'The item’s; the app doesn’t send it',
  before: (time: string) => `The same was sent already: ${time}. If you pay now, it is paid once more.`,
  pin: 'Your Monei PIN',
  pinHint: 'Monei asks for it. It goes to Monei with this payment and is kept nowhere; the app doesn’t get it.',
  deny: 'Don’t pay',
  allow: 'Pay',
  allowHint: 'Press Pay with the mouse or the space bar. Enter doesn’t pay.',
  failed: 'This can’t be answered any more, or came too early. Nothing was sent.',
  answered: 'Answered.',
  sandbox: 'Sandbox: nothing here is real money',
  development: 'Development: Monei’s test hosts, not your real account',
};

export type Texts = typeof en;
