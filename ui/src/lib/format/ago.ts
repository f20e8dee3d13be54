import { t } from '../text';
import type { Unit } from '../text/en/time';
import { formatDate } from './time';

// When something was or will be, in words.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `in 42 minutes`, `3 days ago`, `just now`; a date beyond a month. For the inside of a sentence. */
export function formatRelative(at: number, now: number): string {
  const difference = at - now;
  const size = Math.abs(difference);
  if (size < 45 * SECOND) return difference > 0 ? t.time.soon : t.time.now;
  if (size < HOUR) return counted(difference, MINUTE, 'minute');
  if (size < DAY) return counted(difference, HOUR, 'hour');
  if (size < 30 * DAY) return counted(difference, DAY, 'day');
  return difference > 0 ? t.time.future(formatDate(at)) : t.time.past(formatDate(at));
}

/** As `formatRelative`, for what has happened: a clock that runs behind doesn't turn it into the future. */
export const formatAgo = (at: number, now: number): string => formatRelative(Math.min(at, now), now);

/** `Today`, `Yesterday`, or the date. */
export function formatDay(at: number, now: number): string {
  const day = formatDate(at);
  if (day === formatDate(now)) return t.time.today;
  if (day === formatDate(now - DAY)) return t.time.yesterday;
  return day;
}

/** Whole units, at least one. */
function counted(difference: number, length: number, unit: Unit): string {
  const count = Math.max(1, Math.trunc(Math.abs(difference) / length));
  return difference > 0 ? t.time.ahead(count, unit) : t.time.ago(count, unit);
}
