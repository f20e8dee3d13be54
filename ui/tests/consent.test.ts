import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test('a review keeps or takes back each permission, and says what ends along with it', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'review');
  const told = await page.evaluateHandle(() => {
    const told: unknown[] = [];
    const { memory } = window.stage;
    memory.keep = (_, feature) => Promise.resolve(void told.push(['keep', feature]));
    memory.set_aside = (_, feature) => {
      told.push(['set_aside', feature]);
      return Promise.resolve({ kind: 'here', along: ['wallet:read', 'wallet:send', 'cards:read'] });
    };
    memory.take_back = (_, scopes) => {
      told.push(['take_back', scopes]);
      return Promise.resolve(told.length < 5 ? { kind: 'unconfirmed', problem: { code: 'backend_unreachable', retry_after_s: null } } : { kind: 'revoked' });
    };
    memory.reconnect = (_, scopes) => Promise.resolve(void told.push(['reconnect', scopes]));
    return told;
  });
  const words = await page.getByTestId('review').innerText();
  for (const text of ['Is this still right?', 'Swap and send crypto', 'never used', 'last used on']) expect(words).toContain(text);
  await page.getByTestId('keep-all').click();
  await page.getByTestId('keep-swap').click();
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('“Swap and send crypto” is kept. You are asked again in a year.');
  await page.getByTestId('take-back-deposit').click();
  await expect.poll(() => page.getByTestId('take-back-along').innerText()).toContain('Balance and history');
  // Enter on the dialog's first focus takes nothing back.
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Cancel');
  await expect.poll(() => page.getByTestId('take-back-along').innerText()).toContain('no way to end a part of an approval');
  await page.getByTestId('take-back-all').click();
  await expect.poll(() => page.getByTestId('take-back-unconfirmed').innerText()).toContain('Monei hasn’t confirmed');
  await expect.poll(() => page.getByRole('dialog').innerText()).toContain('The connection service didn’t answer');
  await page.getByTestId('take-back-all').click();
  await expect.poll(() => page.getByTestId('take-back-ended').innerText()).toMatch(/is taken back. Monei confirmed that it has ended.*Ended with it.*Balance and history/s);
  // What came of it is announced, and the focus isn't lost with the buttons that are gone.
  await expect.poll(() => page.getByTestId('take-back-said').innerText()).toContain('Monei confirmed that it has ended');
  await expect.poll(() => page.evaluate(() => (document.activeElement as HTMLElement).dataset['testid'])).toBe('close-take-back');
  await page.getByTestId('ask-rest').click();
  // The rest is asked for again, but for what moves money.
  const [off, end] = [['set_aside', 'deposit'], ['take_back', ['wallet:deposit']]];
  await expect.poll(() => told.jsonValue()).toEqual([['keep', null], ['keep', 'swap'], off, end, off, end, ['reconnect', ['wallet:read']]]);
  expect(complaints).toEqual([]);
  await page.close();
});

test('of a permission that is switched off already it isn’t said that it can be', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'permission-together-set-aside');
  const life = await page.getByTestId('permission-life').innerText();
  expect(life).toMatch(/switched off here already.*approved together with/s);
  expect(life).not.toContain('can be switched off');
  expect(complaints).toEqual([]);
  await page.close();
});

test('a permission is switched off here alone where more was approved with it, and switched on again', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'permission-together');
  await expect.poll(() => page.getByTestId('permission-life').innerText()).toMatch(/approved together with .*Monei documents no way to end a part/s);
  await page.evaluate(() => {
    const { memory, app } = window.stage;
    memory.take_back = () => Promise.reject(new Error('nothing else ends'));
    const become = (state: 'set_aside' | 'enabled') => {
      const accounts = app.view.accounts.map((account) => ({ ...account, features: account.features.map((entry) => (entry.id === 'wallet' ? { ...entry, state: { kind: state, at: 1 } } : entry)) }));
      memory.show({ ...app.view, accounts });
    };
    memory.set_aside = () => {
      become('set_aside');
      return Promise.resolve({ kind: 'here', along: ['profile:read'] });
    };
    memory.switch_on = () => Promise.resolve(become('enabled'));
  });
  await page.getByTestId('permission-take-back').click();
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Cancel');
  await page.getByTestId('set-aside').click();
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('switched off here. At Monei it goes on');
  await page.locator('[data-testid=permission][data-state=set_aside]').waitFor();
  await expect.poll(() => page.getByTestId('permission-life').innerText()).toMatch(/Allowed at Monei. You switched it off here on .*no app and no window uses it/);
  await page.getByTestId('switch-on-wallet').click();
  await page.locator('[data-testid=permission][data-state=enabled]').waitFor();
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('is switched on again');
  expect(complaints).toEqual([]);
  await page.close();
});

test('where the person says no to the program’s own question, it is switched off here alone, and that is told', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'take-back-along');
  await page.evaluate(() => {
    window.stage.memory.set_aside = () => Promise.resolve({ kind: 'here', along: ['wallet:read'] });
    window.stage.memory.take_back = () => Promise.resolve(null);
  });
  await page.getByTestId('take-back-all').click();
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('switched off here. At Monei it goes on');
  await expect.poll(() => page.getByTestId('take-back-all').count()).toBe(0);
  await page.close();
});

test('where nothing else of the approval is in use, taking it back ends all of it, and that is said before', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'take-back-last');
  await page.evaluate(() => (window.stage.memory.set_aside = () => Promise.resolve({ kind: 'ended' })));
  const dialog = await page.locator('dialog').innerText();
  expect(dialog).toContain('nothing else that was approved with it is in use');
  expect(dialog).toMatch(/They end at Monei along with it.*Balance and history/s);
  expect(dialog).not.toContain('goes on at Monei');
  await expect.poll(() => page.getByTestId('set-aside').count()).toBe(0);
  await page.getByTestId('confirm-take-back').click();
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('Monei confirmed that it has ended');
  await page.close();
});

test('who took everything back is not told that Monei ended it', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'account-given-up');
  const text = await page.locator('body').innerText();
  expect(text).toContain('Nothing allowed');
  expect(text).toContain('You took back everything that was allowed');
  expect(text).not.toContain('Reconnect');
  await show(page, 'account-revoked');
  await expect.poll(() => page.getByTestId('given-up').count()).toBe(0);
  await page.close();
});

test('what can’t be ended from here isn’t offered to be tried again', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'take-back-along');
  await page.evaluate(() => {
    window.stage.memory.set_aside = () => Promise.resolve({ kind: 'here', along: ['wallet:read'] });
    window.stage.memory.take_back = () => Promise.resolve({ kind: 'unrevocable' });
  });
  await page.getByTestId('take-back-all').click();
  await expect.poll(() => page.getByTestId('take-back-unconfirmed').innerText()).toContain('End it in Monei’s settings');
  await expect.poll(() => page.getByTestId('take-back-all').count()).toBe(0);
  await expect.poll(() => page.getByTestId('open-monei-settings').count()).toBe(1);
  // It is switched off already.
  await expect.poll(() => page.getByTestId('set-aside').count()).toBe(0);
  await expect.poll(() => page.evaluate(() => document.querySelector('dialog')?.contains(document.activeElement))).toBe(true);
  await page.close();
});

test('where it was approved alone Monei is asked to end it, and what Monei does not confirm is told as that', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'permission');
  await page.evaluate(() => {
    let times = 0;
    const why = { code: 'busy', retry_after_s: 7 } as const;
    window.stage.memory.set_aside = () => Promise.resolve((times += 1) === 1 ? { kind: 'unconfirmed', problem: why } : { kind: 'ended' });
  });
  await page.getByTestId('permission-take-back').click();
  await page.getByTestId('confirm-take-back').click();
  await expect.poll(() => page.getByTestId('take-back-unconfirmed').innerText()).toContain('switched off here. Monei hasn’t confirmed');
  // And why, with how long it asks to wait.
  await expect.poll(() => page.getByTestId('problem-busy').innerText()).toMatch(/Monei is busy/);
  await page.getByTestId('confirm-take-back').click();
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('Monei confirmed that it has ended');
  await page.close();
});

test('what was approved alone and can’t be ended from here isn’t offered to be tried again', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'permission');
  await page.evaluate(() => (window.stage.memory.set_aside = () => Promise.resolve({ kind: 'unrevocable' })));
  await page.getByTestId('permission-take-back').click();
  await page.getByTestId('confirm-take-back').click();
  await expect.poll(() => page.getByTestId('take-back-unconfirmed').innerText()).toContain('End it in Monei’s settings');
  await expect.poll(() => page.getByTestId('confirm-take-back').count()).toBe(0);
  await page.getByTestId('open-monei-settings').waitFor();
  await page.close();
});

test('what is worth another look is among what needs the person, and can be switched off', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'review-overview');
  await page.getByTestId('needs-you').getByText('Worth another look.').waitFor();
  await page.getByTestId('needs-you').getByRole('button').first().click();
  await page.getByTestId('review').waitFor();
  await page.evaluate(() => (window.stage.memory.reviews = () => Promise.resolve([])));
  await page.getByTestId('nav-settings').click();
  await page.getByTestId('reminders').uncheck();
  await expect.poll(() => page.evaluate(() => window.stage.app.view.preferences)).toMatchObject({ reminders: false, keep_alive: false });
  await page.getByTestId('keep-alive').check();
  await expect.poll(() => page.evaluate(() => window.stage.app.view.preferences)).toMatchObject({ reminders: false, keep_alive: true });
  await page.getByTestId('nav-overview').click();
  await expect.poll(() => page.getByText('Worth another look.').count()).toBe(0);
  await page.close();
});

test('what comes due while the window is in the tray is there when it is shown again', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'review-overview');
  await page.getByTestId('needs-you').getByText('Worth another look.').waitFor();
  const due = await page.evaluateHandle(() => window.stage.app.reviews);
  await page.evaluate(() => (window.stage.memory.reviews = () => Promise.resolve([])));
  const seen = (is: boolean) =>
    page.evaluate((is) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => !is });
      document.dispatchEvent(new Event('visibilitychange'));
    }, is);
  await seen(false);
  await seen(true);
  await page.getByText('Worth another look.').waitFor({ state: 'detached' });
  await page.evaluate((due) => (window.stage.memory.reviews = () => Promise.resolve(due)), due);
  await seen(false);
  await expect.poll(() => page.getByText('Worth another look.').count(), { message: 'nothing is asked while nobody looks' }).toBe(0);
  await seen(true);
  await page.getByText('Worth another look.').waitFor();
  await page.close();
});

test('reviews that can’t be read are said to be unread, on the account’s page and the overview, until they can', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  for (const name of ['review-unread', 'review-unread-overview']) {
    await show(page, name);
    await expect.poll(() => page.getByTestId('reviews-unread').innerText()).toContain('couldn’t be read');
  }
  await page.evaluate(() => (window.stage.memory.reviews = () => Promise.resolve([])));
  await page.getByTestId('reviews-unread').getByRole('button').click();
  await page.getByTestId('reviews-unread').waitFor({ state: 'detached' });
  await show(page, 'review');
  await expect.poll(() => page.getByTestId('reviews-unread').count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.close();
});

test('receipts say what was approved and can be saved', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'receipts-hostile');
  await page.getByTestId('receipt-2').waitFor();
  expect(await page.locator('main img, main b').count()).toBe(0);
  await show(page, 'receipts');
  await expect.poll(() => page.locator('nav [data-testid^=account-][aria-current=page]').count()).toBe(1);
  const words = await page.getByTestId('receipt-2').innerText();
  for (const text of ['Ada Okafor', 'ada@example.test', 'Example Operator', 'Allowed', 'Left off', 'How to take it back']) expect(words).toContain(text);
  const saved = await page.evaluateHandle(() => {
    const saved: unknown[] = [];
    window.stage.memory.save_receipt = (number, format) => {
      saved.push([number, format]);
      return Promise.resolve(format === 'text' ? null : '~/Downloads/receipt.html');
    };
    return saved;
  });
  await page.getByTestId('save-2-text').click();
  await expect.poll(() => page.getByTestId('notice').count()).toBe(0);
  await page.getByTestId('save-1-html').click();
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('~/Downloads/receipt.html');
  await expect.poll(() => saved.jsonValue()).toEqual([[2, 'text'], [1, 'html']]);
  expect(complaints).toEqual([]);
  await page.close();
});
