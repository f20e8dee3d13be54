import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test('tray, start at login and notifications are switched in Settings', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'settings');
  const preferences = () => page.evaluate(() => window.stage.app.view.preferences);
  await expect.poll(() => preferences()).toMatchObject({ close_to_tray: false, notifications: true });
  await page.getByTestId('close-to-tray').check();
  await page.getByTestId('notifications').uncheck();
  await expect.poll(() => preferences()).toMatchObject({ close_to_tray: true, notifications: false });
  await page.getByTestId('start-at-login').check();
  await expect.poll(() => page.evaluate(() => window.stage.memory.around)).toMatchObject({ starts_at_login: true });
  await expect.poll(() => page.getByTestId('no-tray').count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.close();
});

test('what the desktop lacks can be switched off and not on, and says why', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'settings-no-tray');
  await expect.poll(() => page.getByTestId('no-tray').innerText()).toBe('This desktop shows no tray icons, so closing the window ends the program.');
  await expect.poll(() => page.getByTestId('no-notifications').innerText()).toBe('This desktop shows no notifications.');
  await expect.poll(() => page.getByTestId('close-to-tray').isDisabled()).toBe(true);
  await page.getByTestId('notifications').uncheck();
  await expect.poll(() => page.getByTestId('notifications').isDisabled()).toBe(true);
  await expect.poll(() => page.getByTestId('start-at-login').isChecked()).toBe(true);
  // A tray that comes is seen as soon as the window has the focus again.
  await page.evaluate(() => {
    window.stage.memory.around = { tray: true, notifications: true, starts_at_login: false };
    window.dispatchEvent(new Event('focus'));
  });
  await page.getByTestId('no-tray').waitFor({ state: 'detached' });
  await expect.poll(() => page.getByTestId('close-to-tray').isDisabled()).toBe(false);
  await expect.poll(() => page.getByTestId('start-at-login').isChecked()).toBe(false);
  await page.close();
});

test('a start at login that cannot be written says so and stays as it is', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'settings');
  await page.evaluate(() => (window.stage.memory.set_start_at_login = () => Promise.reject({ code: 'file_unsaved', retry_after_s: null })));
  await page.getByTestId('start-at-login').click();
  await page.getByTestId('notice').waitFor();
  await page.waitForFunction(() => !(document.querySelector('[data-testid=start-at-login]') as HTMLInputElement).checked);
  await page.close();
});

test('a choice that cannot be saved says so and is not shown as saved', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'settings');
  await page.evaluate(() => (window.stage.memory.set_preferences = () => Promise.reject({ code: 'index_unavailable', retry_after_s: null })));
  for (const hook of ['close-to-tray', 'notifications', 'reminders', 'keep-alive', 'hide-amounts']) {
    const before = await page.getByTestId(hook).isChecked();
    await page.getByTestId(hook).click();
    await page.getByTestId('notice').waitFor();
    await expect.poll(() => page.getByTestId(hook).isChecked(), { message: hook }).toBe(before);
    await page.evaluate(() => (window.stage.app.notice = null));
  }
  for (const [group, hook] of [['theme', 'theme-dark'], ['language', 'language-fr'], ['channel', 'channel-deep_link']] as const) {
    const chosen = () => page.locator(`input[name=${group}]:checked`).getAttribute('data-testid');
    const before = await chosen();
    expect(before).not.toBe(hook);
    await page.getByTestId(hook).click();
    await page.getByTestId('notice').waitFor();
    await expect.poll(chosen, { message: hook }).toBe(before);
    await page.evaluate(() => (window.stage.app.notice = null));
  }
  await page.close();
});

test('what a dialog has begun is seen to its end before the person is led away, and its outcome is told', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'take-back-along');
  await page.evaluate(() => {
    window.stage.memory.set_aside = () => new Promise((resolve) => Object.assign(window, { answer: () => resolve({ kind: 'here', along: ['wallet:read'] }) }));
  });
  await page.getByTestId('set-aside').click();
  await page.locator('[data-testid=set-aside][aria-disabled=true]').waitFor();
  await page.evaluate(() => window.stage.memory.lead({ kind: 'overview' }));
  await expect.poll(() => page.getByTestId('set-aside').count()).toBe(1);
  expect(await page.evaluate(() => window.stage.app.page.kind)).not.toBe('overview');
  await page.evaluate(() => (window as unknown as { answer: () => void }).answer());
  await page.waitForFunction(() => window.stage.app.page.kind === 'overview');
  await expect.poll(() => page.getByTestId('set-aside').count()).toBe(0);
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('switched off here');
  await page.close();
});

test('led to the question of a program that asks, the person sees it and not another dialog', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'pairing');
  await page.getByTestId('pairing').waitFor();
  await page.evaluate(() => (window.stage.app.dialog = { kind: 'shortcuts' }));
  await page.getByTestId('pairing').waitFor({ state: 'detached' });
  const before = await page.evaluate(() => window.stage.app.page.kind);
  await page.evaluate(() => window.stage.memory.lead({ kind: 'request' }));
  await page.getByTestId('pairing').waitFor();
  await expect.poll(() => page.evaluate(() => window.stage.app.page.kind)).toBe(before);
  await page.close();
});

test('from the tray or a notification the person is led to the account, and an open dialog gives way', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'settings');
  await page.evaluate(() => (window.stage.app.dialog = { kind: 'shortcuts' }));
  await page.getByTestId('shortcuts').waitFor();
  await page.evaluate(() => {
    const id = window.stage.app.view.accounts[0]?.id ?? '';
    window.stage.memory.lead({ kind: 'account', account: id });
  });
  await page.getByTestId('shortcuts').waitFor({ state: 'detached' });
  await expect.poll(() => page.evaluate(() => window.stage.app.page.kind)).toBe('account');
  await page.evaluate(() => window.stage.memory.lead({ kind: 'overview' }));
  await expect.poll(() => page.evaluate(() => window.stage.app.page.kind)).toBe('overview');
  // One that has gone meanwhile is told as gone.
  await page.evaluate(() => window.stage.memory.lead({ kind: 'account', account: 'gone' }));
  await expect.poll(() => page.evaluate(() => window.stage.app.page.kind)).toBe('gone');
  await page.close();
});

test('what counts the time stands still while the window cannot be seen, and is right once it can', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'stage-waiting');
  await page.getByTestId('stage-waiting').waitFor();
  const seen = (is: boolean) =>
    page.evaluate((is) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => !is });
      document.dispatchEvent(new Event('visibilitychange'));
    }, is);
  const words = () => page.getByTestId('stage-waiting').innerText();
  const before = await words();
  await seen(false);
  await page.evaluate(() => window.stage.setNow(window.stage.now + 65_000));
  // Longer than a beat.
  await page.waitForTimeout(1500);
  expect(await words()).toBe(before);
  await seen(true);
  expect(await words()).not.toBe(before);
  await page.close();
});
