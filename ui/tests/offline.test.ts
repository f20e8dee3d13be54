import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test('what was there is shown with its age while Monei can’t be reached, and not once access has ended', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'account-full');
  await page.getByTestId('naira-balance').waitFor();
  const balance = await page.getByTestId('naira-balance').innerText();
  await page.evaluate(() => {
    const { app, memory, now, setNow } = window.stage;
    setNow(now + 12 * 60_000);
    memory.sections = () => Promise.reject({ code: 'offline', retry_after_s: null });
    const account = app.view.accounts[0];
    if (account) for (const section of ['profile', 'wallet'] as const) void app.sections.load(account.id, section);
  });
  await page.getByTestId('stale-wallet').waitFor();
  const words = await page.getByTestId('stale-wallet').innerText();
  expect(words).toContain('From 12 minutes ago.');
  await expect.poll(() => page.getByTestId('naira-balance').innerText()).toBe(balance);
  // Each section is tried again by itself.
  await page.evaluate(() => (window.stage.memory.sections = () => Promise.reject({ code: 'access_revoked', retry_after_s: null })));
  await page.getByTestId('retry-wallet').click();
  await page.getByTestId('stale-wallet').waitFor({ state: 'detached' });
  await expect.poll(() => page.getByTestId('naira-balance').count()).toBe(0);
  await page.getByTestId('stale-profile').waitFor();
  // Nothing of it is kept beyond this run.
  expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])).toEqual([0, 0, '']);
  expect(complaints).toEqual([]);
  await page.close();
});

test('dates are written as the program writes them, and what is no date is said at its field', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce', locale: 'en-US' });
  await show(page, 'history');
  // The first page is there.
  await page.getByTestId('history-more').waitFor();
  const asked = await page.evaluateHandle(() => {
    const asked: unknown[] = [];
    window.stage.memory.history = (_, filter) => {
      asked.push([filter.from, filter.to]);
      return Promise.resolve({ items: [], total: 0, more: false });
    };
    return asked;
  });
  const from = page.getByTestId('filter-from');
  await expect.poll(() => page.getByLabel('From', { exact: true }).getAttribute('placeholder')).toBe('dd/mm/yyyy');
  await from.fill('1/2/2026');
  await page.getByTestId('filter-to').fill('31/2/2026');
  await expect.poll(() => from.inputValue()).toBe('01/02/2026');
  await page.getByTestId('apply-filters').focus();
  await expect.poll(() => page.getByTestId('filter-to').getAttribute('aria-invalid')).toBe('true');
  await page.getByText('This is no date. Write it as dd/mm/yyyy.').waitFor();
  await page.getByTestId('filter-to').fill('28.2.2026');
  await page.getByTestId('apply-filters').click();
  await page.getByTestId('history-empty').waitFor();
  await page.getByTestId('clear-filters').click();
  expect(await from.inputValue()).toBe('');
  await expect.poll(() => asked.jsonValue()).toEqual([['2026-02-01', '2026-02-28'], [null, null]]);
  await page.close();
});
