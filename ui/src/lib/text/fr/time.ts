import type { Texts } from '../en';
import type { Unit } from '../en/time';

const MONTHS = ['janv.', 'févr.', 'mars', 'avr.', 'mai', 'juin', 'juil.', 'août', 'sept.', 'oct.', 'nov.', 'déc.'];
const NAMES: Record<Unit, string> = { minute: 'minute', hour: 'heure', day: 'jour' };
const counted = (count: number, unit: Unit): string => `${count} ${NAMES[unit]}${count === 1 ? '' : 's'}`;

export const time = (): Texts['time'] => ({
  soon: 'dans un instant',
  now: 'à l’instant',
  past: (date) => `le ${date}`,
  future: (date) => `le ${date}`,
  today: 'Aujourd’hui',
  yesterday: 'Hier',
  // The first alone is an ordinal in French; `Intl` writes `1`.
  date: (day, month, year) => `${day === 1 ? '1er' : day} ${MONTHS[month] ?? ''} ${year}`,
  todayAt: (time) => `à\u00a0${time}`,
  yesterdayAt: (time) => `hier à\u00a0${time}`,
  tomorrowAt: (time) => `demain à\u00a0${time}`,
  dateAt: (date, time) => `le ${date} à\u00a0${time}`,
  dateAndTime: (date, time) => `${date}, ${time}`,
  ago: (count, unit) => (unit === 'day' && count <= 2 ? (count === 1 ? 'hier' : 'avant-hier') : `il y a ${counted(count, unit)}`),
  ahead: (count, unit) => (unit === 'day' && count <= 2 ? (count === 1 ? 'demain' : 'après-demain') : `dans ${counted(count, unit)}`),
});
