import { locale } from '../language.svelte';

/** Days as a person writes them in the program's locale, and as Monei is asked: `2026-11-26`. */

const WRITTEN = { day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC' } as const;
type Part = 'day' | 'month' | 'year';
const isPart = (type: string): type is Part => type === 'day' || type === 'month' || type === 'year';

/** Day, month and year in the locale's order, each as `words` has it, with the locale's own signs between them. */
export const datePattern = (words: Record<Part, string>): string =>
  new Intl.DateTimeFormat(locale(), WRITTEN)
    .formatToParts(0)
    .map(({ type, value }) => (isPart(type) ? words[type] : value))
    .join('');

/** `26/11/2026` */
export const writeDate = (iso: string): string => new Intl.DateTimeFormat(locale(), WRITTEN).format(new Date(`${iso}T00:00:00Z`));

/** `2026-11-26` for `26/11/2026`, `26.11.2026`, `26 11 2026` and itself; `null` for what is no day. */
export function readDate(text: string): string | null {
  const numbers = text.trim().split(/[\s./-]+/u);
  const order: Part[] = /^\d{4}-/u.test(text.trim()) ? ['year', 'month', 'day'] : new Intl.DateTimeFormat(locale(), WRITTEN).formatToParts(0).map(({ type }) => type).filter(isPart);
  if (numbers.length !== 3 || !numbers.every((number) => /^\d+$/u.test(number))) return null;
  const read = (part: Part) => numbers[order.indexOf(part)] ?? '';
  const [year, month, day] = [read('year'), read('month'), read('day')];
  if (year.length !== 4 || month.length > 2 || day.length > 2) return null;
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const at = new Date(`${iso}T00:00:00Z`);
  // The 31st of February is another day for some browsers, and none for others.
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== iso ? null : iso;
}
