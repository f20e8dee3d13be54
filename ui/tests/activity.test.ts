import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test('the history is narrowed by what it is about and by app, and what is shown is what is saved', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'activity-apps');
  const kinds = () => page.getByTestId('activity-item').evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset['kind']));
  await expect.poll(async () => (await kinds()).length).toBe(5);
  const saved = await page.evaluateHandle(() => {
    const saved: unknown[] = [];
    window.stage.memory.save_activity = (filter, format) => {
      saved.push([{ ...filter }, format]);
      return Promise.resolve(format === 'csv' ? '~/Downloads/activity.csv' : null);
    };
    return saved;
  });
  await page.getByTestId('activity-about').selectOption('apps');
  await expect.poll(kinds).toEqual(['app_allowed', 'app_taken_back', 'app_allowed']);
  await page.getByTestId('activity-app').selectOption('app:=Budget');
  await expect.poll(kinds).toEqual(['app_allowed', 'app_taken_back']);
  await page.getByTestId('save-activity-csv').click();
  expect(await page.getByTestId('notice').innerText()).toContain('~/Downloads/activity.csv');
  await page.getByTestId('activity-app').selectOption('none');
  await page.getByTestId('activity-empty').waitFor();
  expect(await page.getByTestId('activity-empty').innerText()).toContain('Nothing that fits');
  expect(await page.getByTestId('save-activity-json').getAttribute('aria-disabled')).toBe('true');
  await page.getByTestId('activity-about').selectOption('');
  await expect.poll(kinds).toEqual(['refreshed', 'connected']);
  await page.getByTestId('save-activity-json').click();
  expect(await saved.jsonValue()).toEqual([
    [{ account: null, about: 'apps', app: '=Budget' }, 'csv'],
    [{ account: null, about: null, app: '' }, 'json'],
  ]);
  expect(complaints).toEqual([]);
  await page.close();
});
