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
  await expect.poll(() => page.getByRole('status').and(page.getByTestId('activity-count')).innerText()).toBe('3 lines shown');
  await page.getByTestId('activity-app').selectOption('app:=Budget');
  await expect.poll(kinds).toEqual(['app_allowed', 'app_taken_back']);
  await page.getByTestId('save-activity-csv').click();
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('~/Downloads/activity.csv');
  await page.getByTestId('activity-app').selectOption('none');
  await page.getByTestId('activity-empty').waitFor();
  await expect.poll(() => page.getByTestId('activity-empty').innerText()).toContain('Nothing that fits');
  await expect.poll(() => page.getByTestId('save-activity-json').getAttribute('aria-disabled')).toBe('true');
  await page.getByTestId('activity-about').selectOption('');
  await expect.poll(kinds).toEqual(['refreshed', 'connected']);
  await page.getByTestId('save-activity-json').click();
  await expect.poll(() => saved.jsonValue()).toEqual([
    [{ account: null, about: 'apps', app: '=Budget' }, 'csv'],
    [{ account: null, about: null, app: '' }, 'json'],
  ]);
  expect(complaints).toEqual([]);
  await page.close();
});

test('of a long history as much is drawn as has been scrolled to', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'activity-many');
  const drawn = () => page.getByTestId('activity-item').count();
  const settled = async () => {
    let before = -1;
    await expect.poll(async () => {
      const now = await drawn();
      const same = now === before;
      before = now;
      return same;
    }, { interval: 200 }).toBe(true);
    return before;
  };
  const first = await settled();
  expect(first).toBeGreaterThan(8);
  expect(first).toBeLessThan(100);
  await expect.poll(() => page.getByTestId('activity-count').innerText()).toBe('200 lines shown');
  const main = page.locator('main');
  // More is there before the end is reached.
  await main.evaluate((main) => main.scrollTo({ top: main.scrollHeight - main.clientHeight * 1.5 }));
  await expect.poll(() => settled()).toBeGreaterThan(first);
  await expect
    .poll(async () => {
      await main.evaluate((main) => main.scrollTo({ top: main.scrollHeight }));
      return drawn();
    })
    .toBe(200);
  expect(complaints).toEqual([]);
  await page.close();
});
