import { LOCALE } from './locale';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Made when it is first used: each costs the start some milliseconds. */
const lazily = <Format>(make: () => Format): (() => Format) => {
  let made: Format | undefined;
  return () => (made ??= make());
};
const dates = (options: Intl.DateTimeFormatOptions) => lazily(() => new Intl.DateTimeFormat(LOCALE, options));

const relative = lazily(() => new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto' }));
const dateOnly = dates({ day: 'numeric', month: 'short', year: 'numeric' });
const dateAndTime = dates({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const timeOnly = dates({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const monthAndYear = dates({ month: 'long', year: 'numeric' });

/** `3 Nov 2026` */
export const formatDate = (at: number): string => dateOnly().format(at);
/** `3 Nov 2026, 14:05` */
export const formatDateTime = (at: number): string => dateAndTime().format(at);
/** `14:05` */
export const formatTime = (at: number): string => timeOnly().format(at);
/** `November 2026` */
export const formatMonth = (at: number): string => monthAndYear().format(at);

/** `in 42 minutes`, `3 days ago`, `just now`; a date beyond a month. */
export function formatRelative(at: number, now: number): string {
  const difference = at - now;
  const size = Math.abs(difference);
  if (size < 45 * SECOND) return difference > 0 ? 'in a moment' : 'just now';
  if (size < HOUR) return relative().format(round(difference, MINUTE), 'minute');
  if (size < DAY) return relative().format(round(difference, HOUR), 'hour');
  if (size < 30 * DAY) return relative().format(round(difference, DAY), 'day');
  return difference > 0 ? `on ${formatDate(at)}` : formatDate(at);
}

/** As `formatRelative`, for what has happened: a clock that runs behind doesn't turn it into the future. */
export const formatAgo = (at: number, now: number): string => formatRelative(Math.min(at, now), now);

/** Time left as `9:41`; never below `0:00`. */
export function formatCountdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / SECOND));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** `Today`, `Yesterday`, or the date. */
export function formatDay(at: number, now: number): string {
  const day = formatDate(at);
  if (day === formatDate(now)) return 'Today';
  if (day === formatDate(now - DAY)) return 'Yesterday';
  return day;
}

function round(difference: number, unit: number): number {
  const count = Math.trunc(difference / unit);
  return count === 0 ? Math.sign(difference) : count;
}
