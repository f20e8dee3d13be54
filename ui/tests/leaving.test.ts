import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test('leaving asks the program alone, and what could not be ended is told with both ways on', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'settings');
  const asked = await page.evaluateHandle(() => {
    const asked: string[] = [];
    window.stage.memory.leave = (unrevoked) => {
      asked.push(unrevoked);
      if (asked.length === 1) return Promise.resolve(null);
      return Promise.resolve({ complete: false, unassigned: 1, accounts: [{ name: 'Ada Okafor', outcome: { kind: 'unconfirmed', problem: { code: 'backend_unreachable', retry_after_s: null } } }, { name: null, outcome: { kind: 'failed', problem: { code: 'keychain_locked', retry_after_s: null } } }] });
    };
    return asked;
  });
  // The person says no in the program's dialog: nothing is told.
  await page.getByTestId('leave').click();
  await expect.poll(() => page.getByTestId('not-left-yet').count()).toBe(0);
  await page.getByTestId('leave').click();
  const told = await page.getByTestId('not-left-yet').innerText();
  for (const words of ['You have not left yet', 'Ada Okafor', 'Monei hasn’t confirmed that its access has ended. The connection service didn’t answer.', 'Account 2', 'The keychain is locked.', 'One approval that you didn’t keep isn’t confirmed as ended.', '“Connected apps”']) expect(told).toContain(words);
  await expect.poll(() => page.getByTestId('leave').innerText()).toBe('Try again');
  await page.getByTestId('leave-anyway').click();
  await expect.poll(() => asked.jsonValue()).toEqual(['keep', 'keep', 'remove']);
  expect(complaints).toEqual([]);
  await page.close();
});

test('once left, nothing else of the window can be reached, and what is to be done by hand is said', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'left');
  await expect.poll(() => page.getByRole('navigation').count()).toBe(0);
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('You have left this computer');
  await expect.poll(() => page.getByTestId('left-todo').count()).toBe(0);
  await show(page, 'left-unconfirmed');
  await expect.poll(() => page.getByTestId('left-todo').innerText()).toContain('Find “Connected apps”.');
  await page.getByTestId('open-monei-settings').waitFor();
  const ended = await page.evaluateHandle(() => {
    const ended: number[] = [];
    window.stage.memory.end_program = () => Promise.resolve(void ended.push(1));
    return ended;
  });
  await page.getByTestId('end-program').click();
  await expect.poll(() => ended.jsonValue()).toEqual([1]);
  expect(complaints).toEqual([]);
  await page.close();
});
