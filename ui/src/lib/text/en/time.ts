/** The part of a time that is counted. */
export type Unit = 'minute' | 'hour' | 'day';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'Nov', 'Dec'];
const counted = (count: number, unit: Unit): string => `${count} ${unit}${count === 1 ? '' : 's'}`;

// When something was or will be. Not by `Intl`: to set that up costs the start of the program some 15 ms.
export const time = {
  soon: 'in a moment',
  now: 'just now',
  /** A day that has passed, and one to come, in a sentence. */
  past: (date: string) => date,
  future: (date: string) => `on ${date}`,
  today: 'Today',
  yesterday: 'Yesterday',
  /** `month` counts from 0. */
  date: (day: number, month: number, year: number) => `${day} ${MONTHS[month] ?? ''} ${year}`,
  /** A time of this, the last or the next day, or of a date, for the inside of a sentence. The time stays on its line with what leads to it. */
  todayAt: (time: string) => `at\u00a0${time}`,
  yesterdayAt: (time: string) => `yesterday at\u00a0${time}`,
  tomorrowAt: (time: string) => `tomorrow at\u00a0${time}`,
  dateAt: (date: string, time: string) => `on ${date} at\u00a0${time}`,
  dateAndTime: (date: string, time: string) => `${date}, ${time}`,
  /** So long ago, for the inside of a sentence. */
  ago: (count: number, unit: Unit) => (unit === 'day' && count === 1 ? 'yesterday' : `${counted(count, unit)} ago`),
  /** In so long, for the inside of a sentence. */
  ahead: (count: number, unit: Unit) => (unit === 'day' && count === 1 ? 'tomorrow' : `in ${counted(count, unit)}`),
};
