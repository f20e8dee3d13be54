import type { WalletTab } from '../lib/app.svelte';
import type { PartAnswer } from '../lib/backend/memory';
import type { Story } from '../lib/backend/story';
import type { AccountView, AppView, BillItem, DepositItem, ProblemCode, SaleItem, SaleStatus, TransactionItem, TransactionStatus, WalletPart, WalletPartView } from '../lib/bindings';
import { t } from '../lib/text';
import type { Variant } from './variants';

// Every state of a wallet's parts, built from what a story recorded.

const HOUR = 3_600_000;
const HOSTILE = '<img src=x onerror=alert(1)> \u202Eגבא <b>&amp;</b> ' + 'Adébáyọ̀'.repeat(60);
const HUGE = '115792089237316195423570985008687907853269984665640564039457.584007913129639935';

interface Accounts {
  base: AppView;
  account: AccountView;
  /** As it is before the permission was given. */
  missing: AccountView;
  /** As it is once it has ended. */
  lost: AccountView;
}

export function walletVariants(story: Story, others: Story[], { base, account, missing, lost }: Accounts): Record<string, Variant> {
  const { now } = story;
  const recorded = [story, ...others].flatMap(({ parts }) => Object.values(parts)).flat();
  const same = (one: WalletPart, other: WalletPart) => JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
  const told: PartAnswer = (_, part) => {
    const found = recorded.find(({ asked }) => same(asked, part));
    return Promise.resolve(found?.answer ?? empty(part.part));
  };
  const of = (part: WalletTab, parts: PartAnswer = told, more: Partial<AppView> = {}): Variant => ({
    view: { ...base, accounts: [account], ...more },
    page: { kind: 'wallet', account: account.id, part },
    parts,
  });
  const problem = (code: ProblemCode): PartAnswer => () => Promise.reject({ code, retry_after_s: code === 'busy' ? 48 : null });
  const only = (answer: WalletPartView): PartAnswer => (_, part) => Promise.resolve(part.part === answer.part ? answer : empty(part.part));

  const sale = (status: SaleStatus, index: number): SaleItem => ({
    reference: `OFF-${index}`,
    status,
    said: status === 'unknown' ? 'under_review' : null,
    crypto: '250.5',
    asset: 'USDC',
    network: 'bnb-smart-chain',
    fiat: { amount: '365229.00', currency: 'NGN' },
    rate: { amount: '1458.2575', currency: 'NGN' },
    bank_code: 'GTBINGLA',
    account_number: '0000000101',
    account_name: 'Ada Okafor',
    failure: status === 'failed' ? 'The bank refused the payment' : null,
    at: now - index * 9 * HOUR,
    updated_at: now - index * 9 * HOUR,
    ended_at: null,
    expires_at: now + HOUR / 2,
  });
  const bill = (status: TransactionStatus, index: number): BillItem => ({
    reference: `bill${index}`,
    kind: (['airtime', 'mobile_data', 'cable_tv', 'utility', 'unknown'] as const)[index % 5] ?? 'unknown',
    status,
    said: status === 'unknown' ? 'on_hold' : null,
    biller: index === 4 ? null : 'Ikeja Electric',
    customer: '45700000001',
    amount: index === 4 ? null : { amount: '15000.00', currency: 'NGN' },
    at: now - index * 30 * HOUR,
    meter_code: index === 3 ? '1234-5678-9012-3456' : null,
    units: index === 3 ? '62.4' : null,
    validity: null,
  });
  const deposit = (status: TransactionStatus): DepositItem => ({
    status,
    said: status === 'unknown' ? 'on_hold' : null,
    amount: { amount: '5000.00', currency: 'NGN' },
    total: { amount: '5110.00', currency: 'NGN' },
    fee: { amount: '110.00', currency: 'NGN' },
    narration: 'Wallet top-up',
    bank_name: 'Sandbox MFB',
    account_number: '9907581802',
    account_name: 'ADA OKAFOR',
    expires_at: now + 5 * HOUR,
  });
  const statuses = Object.keys(t.sees.sale) as SaleStatus[];
  const payments = Object.keys(t.sees.payment) as TransactionStatus[];
  const many = (part: 'sales' | 'bills'): PartAnswer => (_, asked) => {
    if (asked.part !== part) return Promise.resolve(empty(asked.part));
    const items = Array.from({ length: asked.page < 3 ? 25 : 4 }, (_, index) => index + (asked.page - 1) * 25);
    const more = asked.page < 3;
    return Promise.resolve(part === 'sales' ? { part, items: items.map((index) => sale('completed', index)), total: 54, more } : { part, items: items.map((index) => bill('done', index)), total: 54, more });
  };
  const strange: SaleItem = { ...sale('failed', 1), reference: HOSTILE, said: HOSTILE, crypto: HUGE, asset: HOSTILE, network: HOSTILE, fiat: { amount: HUGE, currency: HOSTILE }, bank_code: HOSTILE, account_name: HOSTILE, failure: HOSTILE };
  const arrived: TransactionItem = { at: now, amount: { amount: '123456789012345678901234567890.12', currency: 'NGN' }, direction: 'in', status: 'pending', narration: HOSTILE, reference: HOSTILE };

  const found: Record<string, Variant> = {
    'wallet-crypto': of('crypto'),
    'wallet-crypto-hidden': of('crypto', told, { preferences: { ...base.preferences, hide_amounts: true } }),
    'wallet-crypto-production': of('crypto', told, { environment: 'production' }),
    'wallet-crypto-nothing': of('crypto', only({ part: 'portfolio', address: '0x00', worth: null, left_out: 0, holdings: [{ native: true, name: 'Ether', symbol: 'ETH', contract: null, balance: '0', worth: null }] })),
    'wallet-crypto-unknown': of('crypto', only({ part: 'portfolio', address: null, worth: null, left_out: 1, holdings: [{ native: false, name: null, symbol: null, contract: null, balance: null, worth: null }] })),
    'wallet-crypto-hostile': of(
      'crypto',
      only({
        part: 'portfolio',
        address: HOSTILE,
        worth: { amount: '999999999999999999.99', currency: 'USD' },
        left_out: 4_294_967_295,
        holdings: [
          { native: true, name: HOSTILE, symbol: HOSTILE, contract: null, balance: HUGE, worth: { amount: '999999999999999999.99', currency: 'USD' } },
          { native: false, name: 'Naira', symbol: 'NGN', contract: `0x${'dead'.repeat(10)}`, balance: '1000000', worth: null },
          { native: false, name: '\u202E', symbol: '₦', contract: HOSTILE, balance: HUGE, worth: null },
        ],
      }),
    ),
    'wallet-sales': of('sales'),
    'wallet-sales-every': of('sales', (_, part) => Promise.resolve(part.part === 'sales' ? { part: 'sales', items: statuses.map(sale), total: statuses.length, more: false } : part.part === 'sale' ? { part: 'sale', sale: sale(statuses[Number(part.reference.slice(4))] ?? 'unknown', Number(part.reference.slice(4))) } : empty(part.part))),
    'wallet-sales-none': of('sales', only({ part: 'sales', items: [], total: 0, more: false })),
    'wallet-sales-many': of('sales', many('sales')),
    'wallet-sales-hostile': of('sales', only({ part: 'sales', items: [strange, { ...strange, reference: 'OFF-1', status: 'processing' }], total: 4_294_967_295, more: false })),
    'wallet-bills': of('bills'),
    'wallet-bills-every': of('bills', only({ part: 'bills', items: payments.map(bill), total: payments.length, more: false })),
    'wallet-bills-none': of('bills', only({ part: 'bills', items: [], total: 0, more: false })),
    'wallet-bills-many': of('bills', many('bills')),
    'wallet-bills-hostile': of('bills', only({ part: 'bills', items: [{ ...bill('unknown', 3), reference: HOSTILE, said: HOSTILE, biller: HOSTILE, customer: HOSTILE, amount: { amount: HUGE, currency: HOSTILE }, meter_code: HOSTILE, units: HOSTILE, validity: HOSTILE }], total: 1, more: true })),
    'wallet-deposits': of('deposits'),
    'wallet-deposits-none': of('deposits', only({ part: 'deposits', items: [], more: false })),
    'wallet-deposits-filtered': of('deposits', only({ part: 'deposits', items: [], more: true })),
    'wallet-deposits-hostile': of('deposits', (_, part) => Promise.resolve(part.part === 'deposit' ? { part: 'deposit', deposit: { ...deposit('unknown'), said: HOSTILE, narration: HOSTILE, bank_name: HOSTILE, amount: { amount: HUGE, currency: HOSTILE } } } : { part: 'deposits', items: [arrived, { ...arrived, reference: 'D-1' }], more: true })),
    'wallet-missing': { ...of('crypto'), view: { ...base, accounts: [missing] } },
    'wallet-lost': { ...of('bills'), view: { ...base, accounts: [lost] } },
    'wallet-rests': { ...of('crypto'), view: { ...base, accounts: [{ ...account, other_backend: 'https://connect.earlier.example' }] } },
    'wallet-not-offered': { ...of('sales'), view: { ...base, accounts: [missing], backend: { ...base.backend, scopes: ['profile:read'] } } },
  };
  for (const status of payments) {
    found[`wallet-deposit-${status}`] = of('deposits', (_, part) => Promise.resolve(part.part === 'deposit' ? { part: 'deposit', deposit: deposit(status) } : { part: 'deposits', items: [{ ...arrived, narration: null, reference: 'D-1', status }], more: false }));
  }
  for (const tab of Object.keys(t.sees.tabs) as WalletTab[]) {
    found[`wallet-${tab}-loading`] = of(tab, () => new Promise(() => undefined));
    const codes: ProblemCode[] = tab === 'bills' ? ['offline', 'limit_reached', 'access_revoked', 'scope_missing', 'busy'] : ['offline'];
    for (const code of codes) found[`wallet-${tab}-${code}`] = of(tab, problem(code));
  }
  return found;
}

/** An answer that holds nothing. */
function empty(part: WalletPart['part']): WalletPartView {
  switch (part) {
    case 'portfolio':
      return { part, address: null, worth: null, holdings: [], left_out: 0 };
    case 'sales':
    case 'bills':
      return { part, items: [], total: 0, more: false };
    case 'deposits':
      return { part, items: [], more: false };
    case 'sale':
      return { part, sale: null };
    case 'deposit':
      return { part, deposit: null };
  }
}
