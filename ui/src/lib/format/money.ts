import type { MoneyView } from '../bindings';
import { LOCALE } from './locale';

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
/** Known when an amount is first shown. */
let fiat: Set<string> | undefined;

/**
 * A decimal string as a person reads it: `₦1,805.00`, `0.5 SOL`. Digits never pass through a float, so none is lost.
 * `undefined` for what is no decimal: "not available", never zero.
 */
export function formatMoney({ amount, currency }: MoneyView): string | undefined {
  const match = DECIMAL.exec(amount.trim());
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  const grouped = new Intl.NumberFormat(LOCALE).format(BigInt(whole));
  const minus = sign && /[1-9]/.test(whole + fraction) ? '−' : '';
  if (!(fiat ??= new Set(Intl.supportedValuesOf('currency'))).has(currency)) {
    const digits = fraction.replace(/0+$/, '');
    return `${minus}${grouped}${digits && `.${digits}`} ${currency}`;
  }
  const places = new Intl.NumberFormat(LOCALE, { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  const digits = fraction.slice(0, places).padEnd(places, '0') + fraction.slice(places).replace(/0+$/, '');
  return `${minus}${symbol(currency)}${grouped}${digits && `.${digits}`}`;
}

function symbol(currency: string): string {
  const parts = new Intl.NumberFormat(LOCALE, { style: 'currency', currency }).formatToParts(0);
  const text = parts.find((part) => part.type === 'currency')?.value ?? currency;
  // A code (`GHS`) stands apart from the digits, a sign (`₦`) doesn't.
  return /[A-Z]$/i.test(text) ? `${text} ` : text;
}
