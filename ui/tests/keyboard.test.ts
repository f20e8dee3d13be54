import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test('by keyboard alone every page, account and action is reached by its name', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'several-accounts');
  await page.keyboard.press('Control+k');
  const field = page.getByTestId('palette');
  await field.waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('palette');
  const selected = () => page.getByTestId('palette-list').locator('[aria-selected=true]');
  await expect.poll(() => selected().innerText()).toBe('Overview');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowDown');
  expect(await field.getAttribute('aria-activedescendant')).toBe(await selected().getAttribute('id'));
  await page.keyboard.type('shop open');
  await expect.poll(() => selected().innerText()).toContain('Shop');
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=account-health][data-kind=needs_reconnect]').waitFor();
  // A single permission of an account is a page, too.
  await page.keyboard.press('Control+k');
  await page.keyboard.type('swap shop');
  await page.keyboard.press('Enter');
  await page.getByTestId('permission').waitFor();
  await expect.poll(() => page.evaluate(() => window.stage.app.page)).toEqual({ kind: 'permission', account: await page.evaluate(() => window.stage.app.view.accounts[1]?.id), feature: 'swap' });
  // What ends something opens the dialog that asks.
  await page.keyboard.press('Control+k');
  await page.keyboard.type('disconnect shop');
  await page.keyboard.press('Enter');
  await page.getByTestId('confirm-disconnect').waitFor();
  // Another dialog keeps the keyboard to itself.
  await page.keyboard.press('Control+k');
  await expect.poll(() => page.getByTestId('palette').count()).toBe(0);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('nothing of that name');
  await page.getByText('Nothing is called that').waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.getByTestId('palette').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+,');
  await page.getByTestId('settings').waitFor();
  await page.keyboard.press('F1');
  await expect.poll(() => page.getByTestId('shortcuts').innerText()).toContain('Ctrl K');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+/');
  await page.getByTestId('shortcuts').waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});

test('every shortcut works on every page, and in a dialog none does', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  const screens = await page.evaluate(() => window.stage.screens);
  const wrong: string[] = [];
  const opened = () => page.evaluate(() => window.stage.app.dialog?.kind ?? window.stage.app.page.kind);
  for (const screen of new Set(Object.values(screens))) {
    const name = Object.keys(screens).find((name) => screens[name] === screen) ?? '';
    for (const [key, leadsTo] of [['Control+k', 'palette'], ['Control+/', 'shortcuts'], ['F1', 'shortcuts'], ['Control+,', 'settings']] as const) {
      await show(page, name);
      const before = await opened();
      await page.keyboard.press(key);
      // A dialog keeps the keyboard to itself; once the person has left there is nothing else.
      const meant = screen === 'Dialogs' || screen === 'Left' ? before : leadsTo;
      if ((await opened()) !== meant) wrong.push(`${screen}: ${key} leads to ${await opened()}`);
      if (meant === 'palette' || meant === 'shortcuts') {
        await page.locator('dialog[open]').waitFor();
        await page.keyboard.press('Escape');
        await page.waitForFunction(() => window.stage.app.dialog === null);
        if ((await opened()) !== before) wrong.push(`${screen}: ${key} and Esc lead to ${await opened()}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(complaints).toEqual([]);
  await page.close();
});

test('letters that are typed or dictated set off no shortcut', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'account-full');
  for (const key of ['k', '/', '?', ',', 'Shift+K', 'Alt+k']) await page.keyboard.press(key);
  await expect.poll(() => page.evaluate(() => [window.stage.app.dialog, window.stage.app.page.kind])).toEqual([null, 'account']);
  await page.close();
});

test('the licences of the parts open from Settings, and are scrolled by keyboard', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'licences');
  const text = page.getByTestId('licences');
  await text.waitFor();
  await text.focus();
  await page.keyboard.press('End');
  await page.waitForFunction(() => (document.querySelector('[data-testid=licences]')?.scrollTop ?? 0) > 0);
  await page.keyboard.press('Escape');
  await page.getByTestId('nav-settings').click();
  await page.evaluate(() => (window.stage.memory.licences = () => Promise.resolve(null)));
  await page.getByTestId('show-licences').click();
  await page.getByTestId('licences-none').waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});
