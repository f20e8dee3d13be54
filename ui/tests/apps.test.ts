import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppsView } from '../src/lib/bindings';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

async function withApps(page: Page, request: AppsView['request'] = null): Promise<void> {
  await page.evaluate((asks) => {
    const [account] = window.stage.app.view.accounts;
    const common = { account: account?.id ?? '', until: null, uses: 3 };
    window.stage.memory.showApps({
      apps: [
        { ...common, id: 'a1', name: 'Budget \u202esheet', scopes: ['profile:read', 'wallet:read'], state: 'allowed', last_used_at: window.stage.now },
        { ...common, id: 'a2', name: 'Old script', scopes: ['profile:read'], state: 'taken_back', last_used_at: null },
      ],
      api: { wanted: true, address: 'http://127.0.0.1:20001', port: 20001, port_taken: false },
      request: asks,
    });
  }, request);
}

const calls = (page: Page): Promise<unknown[][]> => page.evaluate(() => window.stage.memory.appCalls.map((call) => [...call]));
const account = (page: Page): Promise<string | undefined> => page.evaluate(() => window.stage.app.view.accounts[0]?.id);

test('an app is allowed for what was chosen and nothing is chosen beforehand; its key is not in the window', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await page.getByTestId('nav-apps').click();
  await page.getByTestId('no-apps').waitFor();
  await page.getByTestId('allow-an-app').click();
  await page.getByTestId('app-name').fill('Budget sheet');
  await expect.poll(() => page.locator('dialog input[type=checkbox]:checked').count()).toBe(0);
  await page.getByTestId('allow-app').click({ force: true });
  expect(await calls(page)).toEqual([]);
  await page.getByTestId('give-wallet').check();
  await page.getByTestId('app-until').selectOption('year');
  await page.getByTestId('allow-app').click();
  await page.getByText('on the clipboard for one minute').waitFor();
  await expect.poll(() => calls(page)).toEqual([['allow_app', 'Budget sheet', await account(page), ['wallet:read'], 'year']]);
  expect(await page.content()).not.toContain('mcl_');
  expect(complaints).toEqual([]);
  await page.close();
});

test('the page says what each app may do, narrows it, and takes it back only when that is confirmed', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await withApps(page);
  await page.getByTestId('nav-apps').click();
  await expect.poll(() => page.getByTestId('app').count()).toBe(1);
  expect(await page.getByTestId('app').locator('h3').innerText()).not.toContain('\u202e');
  await expect.poll(() => page.getByTestId('former-apps').innerText()).toMatch(/Old script\s+Taken back/);
  for (const line of ['curl', 'base_url="http://127.0.0.1:20001"', 'MONEI_API_URL=http://127.0.0.1:20001', 'NO_PROXY=127.0.0.1,localhost']) {
    await expect.poll(() => page.getByTestId('apps').innerText()).toContain(line);
  }
  await page.getByTestId('change-app').click();
  await page.getByTestId('narrow-profile:read').click();
  await page.getByTestId('give-more-bills').click();
  await page.getByTestId('change-until').selectOption('year');
  await page.getByTestId('extend-app').click();
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await page.getByTestId('take-back').press('Enter');
  await expect.poll(() => focused(), { message: 'the button was replaced by a question' }).toBe('Cancel');
  await page.keyboard.press('Enter');
  await expect.poll(() => focused()).toBe('Take back');
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page)).toEqual([
    ['narrow_app', 'a1', ['wallet:read']],
    ['extend_app', 'a1', ['bills:pay'], null],
    ['extend_app', 'a1', [], 'year'],
  ]);
  await page.getByTestId('take-back-now').click();
  expect((await calls(page)).at(-1)).toEqual(['take_back_app', 'a1']);
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('Its key no longer works.');
  await expect.poll(() => focused()).toBe('Apps');
  expect(complaints).toEqual([]);
  await page.close();
});

test('what an app did is told anew whenever it calls', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await withApps(page);
  await page.getByTestId('nav-apps').click();
  await page.getByTestId('app-log').click();
  await page.getByTestId('app-log-lines').getByText('Not used yet').waitFor();
  await page.evaluate(() => {
    const { memory, now } = window.stage;
    const used = { caller: 'app:a1', count: 4, failed: 1, first_at: now, last_at: now };
    memory.app_log = () => Promise.resolve(['GET /wallet/me', 'POST /wallet/payout/transfer', 'POST /wallet/of-an-older-version'].map((call) => ({ ...used, call })));
    memory.showApps({ ...memory.apps, apps: memory.apps.apps.map((app) => ({ ...app, uses: app.uses + 1 })) });
  });
  await page.getByTestId('app-log-lines').getByText('Your balance and wallets').waitFor();
  const told = await page.getByTestId('app-log-lines').innerText();
  expect(told).toContain('4 times, 1 refused or without an answer');
  expect(told).toContain('Payment to another Monei user');
  expect(told).toContain('Another call at Monei');
  expect(told).not.toContain('/wallet/');
  await page.close();
});

test('an app that is no longer allowed still tells what it did, and one whose time is over goes on with its key', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await withApps(page);
  await page.evaluate(() => {
    const { memory, now } = window.stage;
    memory.app_log = () => Promise.resolve([{ caller: 'app:a2', call: 'GET /wallet/me', count: 4, failed: 1, first_at: now, last_at: now }]);
    const [first, second] = memory.apps.apps;
    if (first && second) memory.showApps({ ...memory.apps, apps: [first, second, { ...second, id: 'a3', name: 'Monthly sheet', state: 'ended' }] });
  });
  await page.getByTestId('nav-apps').click();
  const [ended, takenBack] = [page.getByTestId('former-app').filter({ hasText: 'Monthly sheet' }), page.getByTestId('former-app').filter({ hasText: 'Old script' })];
  await takenBack.getByTestId('former-log').click();
  await takenBack.getByText('Your balance and wallets').waitFor();
  await expect.poll(() => takenBack.getByTestId('allow-again').count()).toBe(0);
  await ended.getByTestId('again-until').selectOption('year');
  await ended.getByTestId('allow-again').click();
  await expect.poll(() => calls(page)).toEqual([['extend_app', 'a3', [], 'year']]);
  expect(complaints).toEqual([]);
  await page.close();
});

test('that no app is allowed is said only once it is known', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await page.evaluate(() => (window.stage.app.apps.view = null));
  await page.getByTestId('nav-apps').click();
  await page.getByTestId('apps-reading').waitFor();
  await expect.poll(() => page.getByTestId('no-apps').count()).toBe(0);
  await withApps(page);
  await expect.poll(() => page.getByTestId('app').count()).toBe(1);
  await page.close();
});

test('a permission that is taken from an app or given to it leaves the focus with the app', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await withApps(page);
  await page.getByTestId('nav-apps').click();
  await page.getByTestId('change-app').click();
  await page.evaluate(() => {
    const { memory } = window.stage;
    memory.narrow_app = (_, scopes) => {
      memory.showApps({ ...memory.apps, apps: memory.apps.apps.map((app, index) => (index === 0 ? { ...app, scopes } : app)) });
      return Promise.resolve();
    };
  });
  await page.getByTestId('narrow-profile:read').press('Enter');
  await page.getByTestId('narrow-profile:read').waitFor({ state: 'detached' });
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('change-app');
  await page.close();
});

test('a port that another program holds is said, with a way out', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await withApps(page);
  await page.getByTestId('nav-apps').click();
  await expect.poll(() => page.getByTestId('another-port').count()).toBe(0);
  await page.evaluate(() => {
    const { memory } = window.stage;
    memory.showApps({ ...memory.apps, api: { ...memory.apps.api, address: null, port_taken: true } });
  });
  await expect.poll(() => page.getByTestId('port-taken').innerText()).toContain('must be allowed again');
  await page.getByTestId('another-port').click();
  await expect.poll(() => calls(page)).toEqual([['draw_api_port']]);
  await page.close();
});

test('two accounts of one name are told apart where one is chosen', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await page.evaluate(() => {
    const { app, memory } = window.stage;
    memory.show({ ...app.view, accounts: app.view.accounts.slice(0, 2).map((account) => ({ ...account, label: 'Shop', email: null })) });
  });
  await page.getByTestId('nav-apps').click();
  await page.getByTestId('allow-an-app').click();
  const options = await page.getByTestId('app-account').locator('option').allInnerTexts();
  expect(options.map((text) => text.replace(/[\u2066-\u2069]/g, ''))).toEqual(['Shop (Account 1)', 'Shop (Account 2)']);
  await page.close();
});

test('a program that asks is allowed by no key pressed for something else, gets no more than it asked for, and closing denies', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await withApps(page, { number: 7, name: 'Helper', permissions: ['wallet:read'], program: '/usr/bin/python3' });
  const dialog = page.getByTestId('pairing');
  await expect.poll(() => dialog.innerText()).toContain('/usr/bin/python3');
  await expect.poll(() => page.locator('dialog input[type=checkbox]').count()).toBe(1);
  for (const key of ['Enter', 'Space']) await page.keyboard.press(key);
  await page.getByTestId('allow-request').click({ force: true });
  expect(await calls(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect.poll(() => calls(page)).toEqual([['deny_request', 7]]);
  await withApps(page);
  await withApps(page, { number: 8, name: 'Helper', permissions: ['wallet:read'], program: null });
  await page.getByTestId('give-wallet').check();
  await page.getByTestId('allow-request').click();
  expect((await calls(page)).at(-1)).toEqual(['allow_request', 8, await account(page), ['wallet:read'], 'month']);
  await page.close();
});

test('the overview says how many apps may use an account, and leads to them', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await expect.poll(() => page.getByTestId('overview-apps').count()).toBe(0);
  await show(page, 'overview-apps');
  await expect.poll(() => page.getByTestId('overview-apps').innerText()).toContain('2 apps may use these accounts.');
  await page.getByTestId('overview-apps').getByRole('button').click();
  await page.getByTestId('apps').waitFor();
  await page.close();
});

test('a permission names the apps that have it, and the app that used it last', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'permission-apps');
  await expect.poll(() => page.getByTestId('permission-apps').innerText()).toContain('Budget sheet');
  expect(await page.getByTestId('permission-apps').innerText()).not.toContain('Bill payer');
  await page.getByTestId('permission-apps').getByRole('button').click();
  await page.getByTestId('apps').waitFor();
  await page.close();
});
