import { perLocale } from './number';

const SECOND = 1000;

const dates = (options: Intl.DateTimeFormatOptions) => perLocale((locale) => new Intl.DateTimeFormat(locale, options));

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

/** Time left as `9:41`; never below `0:00`. */
export function formatCountdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / SECOND));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
