import { expect, test, vi } from 'vitest';
import { speak } from '../language.svelte';
import { datePattern, readDate, writeDate } from './date';

test('a day is read as the program writes it, and nothing else is a day', () => {
  expect(datePattern({ day: 'dd', month: 'mm', year: 'yyyy' })).toBe('dd/mm/yyyy');
  expect(writeDate('2026-02-01')).toBe('01/02/2026');
  for (const text of ['01/02/2026', '1/2/2026', '01.02.2026', ' 1 2 2026 ', '2026-02-01', '1-2-2026']) expect(readDate(text), text).toBe('2026-02-01');
  expect(readDate('29/02/2024')).toBe('2024-02-29');
  for (const text of ['', '1/2', '31/02/2026', '29/02/2026', '13/13/2026', '0/1/2026', '1/2/26', '001/2/2026', 'today', '1/2/2026/3', '1/2/20260', '٠١/٠٢/٢٠٢٦']) expect(readDate(text), text).toBeNull();
});

test('in French a day is read in the French order, too', () => {
  vi.stubGlobal('document', { documentElement: {} });
  speak('fr');
  expect(datePattern({ day: 'jj', month: 'mm', year: 'aaaa' })).toBe('jj/mm/aaaa');
  expect(writeDate('2026-02-01')).toBe('01/02/2026');
  expect(readDate('1/2/2026')).toBe('2026-02-01');
  expect(readDate('2/13/2026')).toBeNull();
  speak('en');
  vi.unstubAllGlobals();
});
