import { t } from '../text';
import type { Unit } from '../text/en/time';
import { formatDate, formatTime } from './time';

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
  if (size < HOUR) return counted(difference, size / MINUTE, 'minute');
  // As the calendar counts, since days have names: what was 25 hours ago may be of the day before yesterday.
  const days = Math.abs(dayOf(at) - dayOf(now));
  if (size < DAY || days === 0) return counted(difference, size / HOUR, 'hour');
  if (size < 30 * DAY) return counted(difference, days, 'day');
  return difference > 0 ? t.time.future(formatDate(at)) : t.time.past(formatDate(at));
}

/** As `formatRelative`, for what has happened: a clock that runs behind doesn't turn it into the future. */
export const formatAgo = (at: number, now: number): string => formatRelative(Math.min(at, now), now);

/**
 * `at 14:05`, `yesterday at 14:05`, `on 3 Nov 2026 at 14:05`, for the inside of a sentence. Unlike an age it stays the same all day: what stands on
 * a page that nobody touches costs nothing.
 */
export function formatWhen(at: number, now: number): string {
  const time = formatTime(at);
  switch (dayOf(at) - dayOf(now)) {
    case 0:
      return t.time.todayAt(time);
    case -1:
      return t.time.yesterdayAt(time);
    case 1:
      return t.time.tomorrowAt(time);
    default:
      return t.time.dateAt(formatDate(at), time);
  }
}

/** `Today`, `Yesterday`, or the date. */
export function formatDay(at: number, now: number): string {
  const ago = dayOf(now) - dayOf(at);
  return ago === 0 ? t.time.today : ago === 1 ? t.time.yesterday : formatDate(at);
}

/** The day in the person's calendar, by its number. Some days have 23 hours, and some 25. */
function dayOf(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY;
}

/** Whole units, at least one. */
function counted(difference: number, units: number, unit: Unit): string {
  const count = Math.max(1, Math.trunc(units));
  return difference > 0 ? t.time.ahead(count, unit) : t.time.ago(count, unit);
}
