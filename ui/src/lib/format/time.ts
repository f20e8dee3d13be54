import { t } from '../text';
import { perLocale } from './number';

const SECOND = 1000;

const monthAndYear = perLocale((locale) => new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric' }));

const two = (count: number): string => String(count).padStart(2, '0');

/** `3 Nov 2026` */
export function formatDate(at: number): string {
  const date = new Date(at);
  return t.time.date(date.getDate(), date.getMonth(), date.getFullYear());
}

/** `14:05` */
export function formatTime(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `3 Nov 2026, 14:05` */
export const formatDateTime = (at: number): string => t.time.dateAndTime(formatDate(at), formatTime(at));
/** `November 2026` */
export const formatMonth = (at: number): string => monthAndYear().format(at);

/** Time left as `9:41`; never below `0:00`. */
export function formatCountdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / SECOND));
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}
