import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clean, ends, initials, isolate, shorten, worded } from './foreign';
import { formatMoney, readAmount } from './money';
import { formatAgo, formatDay, formatRelative, formatWhen } from './ago';
import { locale, speak } from '../language.svelte';
import { formatCount } from './number';
import { plain } from './search';
import { formatCountdown, formatDate, formatDateTime, formatMonth, formatTime } from './time';

const naira = (amount: string) => formatMoney({ amount, currency: 'NGN' });

describe('money', () => {
  test('naira stand with their sign, in groups, with two places', () => {
    expect(naira('1805.00')).toBe('₦1,805.00');
    expect(naira('1805')).toBe('₦1,805.00');
    expect(naira('1805.5')).toBe('₦1,805.50');
    expect(naira('0')).toBe('₦0.00');
    expect(naira('-20.10')).toBe('−₦20.10');
  });

  test('no digit is lost where a float would lose one', () => {
    expect(naira('9007199254740993.10')).toBe('₦9,007,199,254,740,993.10');
    expect(naira('0.1000000000000000055')).toBe('₦0.1000000000000000055');
    expect(formatMoney({ amount: '0.000000000000000001', currency: 'ETH' })).toBe('0.000000000000000001\u00A0ETH');
    expect(formatMoney({ amount: '12345678.123456789012345678', currency: 'USDT' })).toBe('12,345,678.123456789012345678\u00A0USDT');
  });

  test('tokens lose only the zeros at their end', () => {
    expect(formatMoney({ amount: '12.500000', currency: 'SOL' })).toBe('12.5\u00A0SOL');
    expect(formatMoney({ amount: '3.000', currency: 'USDC' })).toBe('3\u00A0USDC');
  });

  test('a currency without a sign of its own stands apart from its digits', () => {
    expect(formatMoney({ amount: '1', currency: 'GHS' })).toMatch(/^(GH₵|GHS\u00A0)1\.00$/);
    expect(formatMoney({ amount: '1200', currency: 'JPY' })).toMatch(/1,200$/);
  });

  test('what is no decimal is not available, never zero', () => {
    for (const amount of ['', 'NaN', '1,805.00', '1e5', '0x10', '.5', '5.', '--1', 'Infinity']) expect(naira(amount), amount).toBeUndefined();
  });

  test('minus zero is zero', () => {
    expect(naira('-0.00')).toBe('₦0.00');
  });
});

describe('an amount that is typed', () => {
  beforeEach(() => vi.stubGlobal('document', { documentElement: {} }));
  afterEach(() => {
    speak('en');
    vi.unstubAllGlobals();
  });

  test('is read as the locale writes it, and exactly', () => {
    const read = (texts: string[]) => texts.map(readAmount);
    expect(read(['1805', ' 10.5 ', '1,805.00', '1,234,567', '1 234.5', '9,007,199,254,740,993.10', '0.000000000000000001'])).toEqual(['1805', '10.5', '1805.00', '1234567', '1234.5', '9007199254740993.10', '0.000000000000000001']);
    speak('fr');
    expect(read(['1805', '10,5', '1 805,00', '1\u202f805,00', '1\u00a0234\u00a0567', '10.5'])).toEqual(['1805', '10.5', '1805.00', '1805.00', '1234567', '10.5']);
  });

  test('what is no amount in the locale is none, rather than another one', () => {
    for (const text of ['', ' ', '1,23', '1,2345', '12,345,6', '1.000.50', '1e5', '-1', '+1', '0x10', '.5', '5.', '₦5', '١٢']) expect(readAmount(text), text).toBeNull();
    speak('fr');
    for (const text of ['1.000,50', '1,5,5', '1 23', '1 2345']) expect(readAmount(text), text).toBeNull();
  });
});

describe('a name that is searched', () => {
  test('needs no accents, no hooks, no case and no curly apostrophe', () => {
    const finds = (name: string, typed: string) => plain(name).includes(plain(typed));
    for (const [name, typed] of [['Adébáyọ̀ & Sons', 'adebayo'], ['Ɗanladi Ƙasa', 'danladi kasa'], ['Ɓala', 'bala'], ['Cœur', 'coeur'], ['N’Golo', "n'golo"], ['İbrahim', 'ibrahim'], ['IBRAHIM', 'ibrahim'], ['Straße', 'STRASSE'], ['Ｓｈｏｐ', 'shop'], ['adebayo', 'Adébáyọ̀']] as const)
      expect(finds(name, typed), name).toBe(true);
    expect(finds('Ada', 'ade')).toBe(false);
  });
});

describe('time', () => {
  const now = Date.UTC(2026, 10, 22, 12, 0, 0);
  const minute = 60_000;

  test('is told as a person would', () => {
    expect(formatRelative(now + 42 * minute, now)).toBe('in 42 minutes');
    expect(formatRelative(now - 3 * 24 * 60 * minute, now)).toBe('3 days ago');
    expect(formatRelative(now - 10_000, now)).toBe('just now');
    expect(formatRelative(now - 59.9 * minute, now)).toBe('59 minutes ago');
    expect(formatRelative(now - 90 * 24 * 60 * minute, now)).toMatch(/2026$/);
  });

  test('what has happened is never told as the future', () => {
    expect(formatAgo(now + 5 * minute, now)).toBe('just now');
  });

  test('a time of day is said with its day, unless it is today', () => {
    const at = (day: number, hour: number, minutes: number) => new Date(2026, 10, day, hour, minutes).getTime();
    const present = at(22, 12, 0);
    expect(formatWhen(at(22, 0, 5), present)).toBe('at\u00a000:05');
    expect(formatWhen(at(22, 23, 59), present)).toBe('at\u00a023:59');
    expect(formatWhen(at(21, 23, 59), present)).toBe('yesterday at\u00a023:59');
    expect(formatWhen(at(23, 0, 0), present)).toBe('tomorrow at\u00a000:00');
    expect(formatWhen(at(20, 9, 30), present)).toBe('on 20 Nov 2026 at\u00a009:30');
  });

  test('counts down to zero and stops there', () => {
    expect(formatCountdown(581_000)).toBe('9:41');
    expect(formatCountdown(500)).toBe('0:01');
    expect(formatCountdown(0)).toBe('0:00');
    expect(formatCountdown(-5000)).toBe('0:00');
  });

  test('days have names', () => {
    expect(formatDay(now, now)).toBe('Today');
    expect(formatDay(now - 24 * 60 * minute, now)).toBe('Yesterday');
  });

  test('a day is named by the calendar, not by how many hours ago it was', () => {
    const at = (day: number, hour: number) => new Date(2026, 10, day, hour).getTime();
    // 26 hours ago, and yet the day before yesterday; 47 hours ago, and the day before yesterday, too.
    expect(formatAgo(at(20, 23), at(22, 1))).toBe('2 days ago');
    expect(formatAgo(at(20, 13), at(22, 12))).toBe('2 days ago');
    expect(formatAgo(at(21, 1), at(22, 23))).toBe('yesterday');
    expect(formatAgo(at(21, 13), at(22, 12))).toBe('23 hours ago');
    expect(formatRelative(at(24, 1), at(22, 23))).toBe('in 2 days');
    expect(formatDay(at(20, 23), at(22, 1))).toBe('20 Nov 2026');
    expect(formatDay(at(21, 0), at(22, 23))).toBe('Yesterday');
  });

  test('a day of 23 or 25 hours is one day', () => {
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Europe/Berlin';
    try {
      const at = (month: number, day: number, hour: number, minutes: number) => new Date(2026, month, day, hour, minutes).getTime();
      // The clocks go forward on 29 March and back on 25 October.
      expect(formatDay(at(2, 29, 0, 5), at(2, 30, 0, 1))).toBe('Yesterday');
      expect(formatDay(at(2, 28, 23, 30), at(2, 30, 0, 1))).toBe('28 Mar 2026');
      expect(formatDay(at(9, 25, 0, 10), at(9, 25, 23, 50))).toBe('Today');
      expect(formatAgo(at(9, 25, 0, 10), at(9, 25, 23, 50))).toBe('24 hours ago');
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
});

// What the window writes by itself, so that a start needs no `Intl`, is what `Intl` would write.
describe.each(['en', 'fr'] as const)('in the words of Intl: %s', (language) => {
  beforeEach(() => {
    vi.stubGlobal('document', { documentElement: {} });
    speak(language);
  });
  afterEach(() => {
    speak('en');
    vi.unstubAllGlobals();
  });

  test('dates and times', () => {
    const day = { day: 'numeric', month: 'short', year: 'numeric' } as const;
    const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    const by = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale(), options);
    const [date, dateAndTime, timeOnly] = [by(day), by({ ...day, ...time }), by(time)];
    for (let hour = 0; hour < 400 * 24; hour += 7) {
      const at = Date.UTC(2026, 0, 1, hour, hour % 60);
      // The one difference: French writes the first of a month as an ordinal, which `Intl` doesn't.
      const written = (text: string) => (language === 'fr' ? text.replace(/^1 /, '1er ') : text);
      expect(formatDate(at)).toBe(written(date.format(at)));
      expect(formatTime(at)).toBe(timeOnly.format(at));
      expect(formatDateTime(at)).toBe(written(dateAndTime.format(at)));
    }
  });

  test('how long ago, and how long still', () => {
    const relative = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
    for (const [unit, length, most] of [['minute', 60_000, 59], ['hour', 3_600_000, 23], ['day', 86_400_000, 29]] as const) {
      for (let count = 1; count <= most; count += 1) {
        expect(formatRelative(-count * length, 0)).toBe(relative.format(-count, unit));
        expect(formatRelative(count * length, 0)).toBe(relative.format(count, unit));
      }
    }
  });
});

describe('in French', () => {
  beforeEach(() => {
    vi.stubGlobal('document', { documentElement: {} });
    speak('fr');
  });
  afterEach(() => {
    speak('en');
    vi.unstubAllGlobals();
  });

  test('money and numbers are written as French does, with no digit lost', () => {
    expect(naira('1805.5')).toBe('1\u202F805,50\u00A0₦');
    expect(naira('-20.10')).toBe('−20,10\u00A0₦');
    expect(naira('9007199254740993.10')).toBe('9\u202F007\u202F199\u202F254\u202F740\u202F993,10\u00A0₦');
    expect(formatMoney({ amount: '0.500', currency: 'SOL' })).toBe('0,5\u00A0SOL');
    expect(formatMoney({ amount: '1200', currency: 'JPY' })).toMatch(/^1\u202F200\u00A0/);
    expect(formatCount(12_345)).toBe('12\u202F345');
  });

  test('times are told as a French person would', () => {
    const now = Date.UTC(2026, 10, 22, 12);
    expect(formatRelative(now + 42 * 60_000, now)).toBe('dans 42 minutes');
    expect(formatAgo(now - 3 * 86_400_000, now)).toBe('il y a 3 jours');
    expect(formatAgo(now, now)).toBe('à l’instant');
    expect(formatAgo(now - 90 * 86_400_000, now)).toBe('le 24 août 2026');
    expect(formatDay(now, now)).toBe('Aujourd’hui');
    expect(formatDate(now)).toBe('22 nov. 2026');
    expect(formatDateTime(now)).toContain('22 nov. 2026');
    expect(formatMonth(now)).toBe('novembre 2026');
    expect(formatDate(new Date(2026, 10, 1, 12).getTime())).toBe('1er nov. 2026');
    expect(formatDate(new Date(2026, 10, 11, 12).getTime())).toBe('11 nov. 2026');
    expect(formatAgo(new Date(2026, 10, 20, 23).getTime(), new Date(2026, 10, 22, 1).getTime())).toBe('avant-hier');
    expect(formatAgo(new Date(2026, 10, 21, 1).getTime(), new Date(2026, 10, 22, 23).getTime())).toBe('hier');
  });
});

describe('text from elsewhere', () => {
  test('loses what would steer the text around it', () => {
    expect(clean('Ada\u202E\u2066 \u0000Okafor\u2069\n')).toBe('Ada Okafor');
    expect(isolate('a\u2069b')).toBe('\u2068a b\u2069');
  });

  test('is shortened by characters as a person counts them', () => {
    expect(shorten('👩‍👩‍👧‍👦'.repeat(5), 3)).toBe('👩‍👩‍👧‍👦👩‍👩‍👧‍👦…');
    expect(shorten('short', 48)).toBe('short');
    expect(shorten('x'.repeat(100_000)).length).toBeLessThan(60);
  });

  test('gives initials of letters only', () => {
    expect(initials('Ada Ngozi Okafor')).toBe('AO');
    expect(initials('<img> \u202E')).toBe('I');
    expect(initials('123 !!')).toBe('');
  });

  test('a long address keeps both ends, a sentence stays', () => {
    expect(ends('0x7a3c1f0e5b9d4a2286c0d1e8f4b7a96350c2de41')).toBe('0x7a3c1f0e…50c2de41');
    expect(ends('Sandbox MFB · 9904417023 and more')).toBe('Sandbox MFB · 9904417023 and more');
  });

  test('a word of Monei is written to be read', () => {
    expect(worded('under_review')).toBe('Under review');
  });
});
