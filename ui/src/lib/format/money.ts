import type { MoneyView } from '../bindings';
import { locale } from '../language.svelte';
import { formatCount, perLocale } from './number';

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
/** Known when an amount is first shown. */
let fiat: Set<string> | undefined;
const decimalSign = perLocale((locale) => new Intl.NumberFormat(locale).formatToParts(1.5).find(({ type }) => type === 'decimal')?.value ?? '.');

/**
 * A decimal string as a person reads it: `₦1,805.00`, `0.5 SOL`. Digits never pass through a float, so none is lost.
 * `undefined` for what is no decimal: "not available", never zero.
 */
export function formatMoney({ amount, currency }: MoneyView): string | undefined {
  const match = DECIMAL.exec(amount.trim());
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  // No line ends between a number and its unit.
  if (!(fiat ??= new Set(Intl.supportedValuesOf('currency'))).has(currency)) return `${formatDigits(amount)}\u00A0${currency}`;
  const minus = sign && /[1-9]/.test(whole + fraction) ? '−' : '';
  const number = (digits: string) => `${formatCount(BigInt(whole))}${digits && `${decimalSign()}${digits}`}`;
  // The naira has its sign everywhere; a dollar is told apart from others by what the locale writes.
  const format = new Intl.NumberFormat(locale(), { style: 'currency', currency, currencyDisplay: currency === 'NGN' ? 'narrowSymbol' : 'symbol' });
  const places = format.resolvedOptions().maximumFractionDigits ?? 2;
  const digits = number(fraction.slice(0, places).padEnd(places, '0') + fraction.slice(places).replace(/0+$/, ''));
  const parts = format.formatToParts(0).map(({ type, value }) => (type === 'integer' ? digits : type === 'currency' || type === 'literal' ? value : ''));
  return `${minus}${parts.join('')}`;
}

/**
 * An amount of a coin without its symbol: `1,234.5`. The symbol is chosen by whoever made the coin and stands apart, so that none passes for a
 * currency. `undefined` for what is no decimal.
 */
export function formatDigits(amount: string): string | undefined {
  const match = DECIMAL.exec(amount.trim());
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  const digits = fraction.replace(/0+$/, '');
  return `${sign && /[1-9]/.test(whole + fraction) ? '−' : ''}${formatCount(BigInt(whole))}${digits && `${decimalSign()}${digits}`}`;
}

const signs = perLocale((locale) => {
  const parts = new Intl.NumberFormat(locale).formatToParts(1_234_567.5);
  const group = parts.find(({ type }) => type === 'group')?.value.trim() ?? '';
  return { groups: new RegExp(`^\\d{1,3}(?:[ ${group}]\\d{3})+(?!\\d)`, 'u'), decimal: parts.find(({ type }) => type === 'decimal')?.value ?? '.' };
});

/** `1234.5` for an amount as a person types it in the program's locale, such as `1,234.5`, `1 234,5` or `1234.5`; `null` for what is none. */
export function readAmount(text: string): string | null {
  const { groups, decimal } = signs();
  const typed = text
    .trim()
    .replaceAll(/\s/gu, ' ')
    .replace(groups, (whole) => whole.replaceAll(/\D/gu, ''))
    .replace(decimal, '.');
  return /^\d+(?:\.\d+)?$/u.test(typed) ? typed : null;
}
