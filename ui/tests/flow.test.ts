import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** Presses Tab until the element with this test id has the focus. */
async function tabTo(page: Page, id: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))) === id) return;
  }
  throw new Error(`Tab never reaches ${id}`);
}

const focused = (page: Page): Promise<string | undefined> => page.evaluate(() => document.activeElement?.tagName);
const said = (page: Page): Promise<string> => page.getByTestId('announcement').innerText();

test('an account is connected with the keyboard alone, and every stage is announced', async () => {
  const { page, complaints } = await open(browser, 'story=first-connection&pace=30', { reducedMotion: 'reduce' });
  await page.getByTestId('first-run').waitFor();
  await tabTo(page, 'confirm-backend');
  await page.keyboard.press('Enter');

  await page.getByTestId('choose').waitFor();
  expect(await page.locator('input:checked').evaluateAll((boxes) => boxes.map((box) => box.getAttribute('data-testid')))).toEqual([
    'choose-profile',
    'choose-kyc',
    'choose-wallet',
  ]);
  await tabTo(page, 'choose-kyc');
  await page.keyboard.press('Space');
  expect(await page.getByTestId('choose-kyc').isChecked()).toBe(false);
  await page.keyboard.press('Space');
  await tabTo(page, 'start-connect');
  await page.keyboard.press('Enter');

  await page.getByTestId('stage-waiting').waitFor();
  expect(await said(page)).toMatch(/waiting/i);
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  for (const id of ['open-again', 'copy-link', 'cancel-connect', 'browser-error']) await tabTo(page, id);

  await page.evaluate(() => window.stage.advance());
  await page.getByTestId('stage-done').waitFor();
  expect(await said(page)).toMatch(/connected/i);
  expect(await page.getByTestId('done-granted').innerText()).toContain('Profile');
  await tabTo(page, 'dismiss');
  await page.keyboard.press('Enter');

  await page.getByTestId('section-wallet').and(page.locator('[data-state=ready]')).waitFor();
  expect(await page.getByTestId('naira-balance').innerText()).toMatch(/^₦[\d,]+\.\d\d$/);
  expect(await page.getByTestId('account-health').getAttribute('data-kind')).toBe('connected');
  expect(await focused(page)).toBe('H1');
  expect(complaints).toEqual([]);
  await page.close();
});

test('the time left counts down, and the page says what is being waited for', async () => {
  const { page } = await open(browser, '');
  await show(page, 'stage-waiting');
  const timer = page.getByRole('timer');
  expect(await timer.innerText()).toBe('9:41 left');
  await page.evaluate(() => window.stage.setNow(window.stage.now + 60_000));
  await page.waitForFunction(() => document.querySelector('[role=timer]')?.textContent?.includes('8:41'));
  await page.close();
});

test('a feature that can move money is asked for only after a warning, and alone', async () => {
  const { page } = await open(browser, '');
  await show(page, 'account-mixed');
  const sensitive = page.locator('[data-testid^=ask-]:not([data-testid=ask-several])').last();
  const id = await sensitive.getAttribute('data-testid');
  await sensitive.click();
  await page.getByTestId('confirm-ask').waitFor();
  expect(await page.evaluate(() => window.stage.app.dialog?.kind === 'ask' && window.stage.app.dialog.scopes.length)).toBe(1);
  // The safe choice has the focus, and Escape takes it.
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel');
  await page.keyboard.press('Escape');
  await page.getByTestId('confirm-ask').waitFor({ state: 'detached' });
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe(id);
  await page.close();
});

test('asking for several offers nothing that can move money', async () => {
  const { page } = await open(browser, '');
  await show(page, 'account-nothing');
  await page.getByTestId('ask-several').click();
  const offered = await page.locator('[data-testid^=choose-]').evaluateAll((boxes) => boxes.map((box) => box.getAttribute('data-testid')));
  expect(offered).toEqual(['choose-profile', 'choose-kyc', 'choose-wallet', 'choose-deposit']);
  await page.close();
});

test('reconnecting asks for what was lost, but for nothing that can move money', async () => {
  const { page } = await open(browser, '');
  await show(page, 'account-revoked');
  const asked = page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        window.stage.memory.reconnect = (_, scopes) => {
          resolve(scopes);
          return Promise.resolve();
        };
      }),
  );
  await page.getByTestId('reconnect').click();
  expect(await asked).toEqual(['profile:read', 'kyc:read', 'wallet:read', 'wallet:deposit']);
  await page.close();
});

test('disconnecting asks first; unconfirmed, it says where to revoke by hand', async () => {
  const { page } = await open(browser, '');
  await show(page, 'disconnect');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel');
  await page.evaluate(() => {
    window.stage.memory.disconnect = () => {
      window.stage.memory.show({ ...window.stage.app.view, accounts: [] });
      return Promise.resolve('unconfirmed');
    };
  });
  await page.getByTestId('confirm-disconnect').click();
  await page.getByTestId('disconnect-unconfirmed').waitFor();
  expect(await page.getByTestId('open-monei-settings').isVisible()).toBe(true);
  await page.getByTestId('close-disconnect').click();
  await page.getByTestId('no-accounts').waitFor();
  await page.close();
});

test('a connection goes on while the person looks elsewhere, and does not pull them away', async () => {
  const { page } = await open(browser, '');
  await show(page, 'stage-waiting');
  await page.getByTestId('nav-settings').click();
  await page.getByTestId('settings').waitFor();
  expect(await page.getByTestId('transaction-bar').isVisible()).toBe(true);
  await page.evaluate(() => {
    const { transaction } = window.stage.app.view;
    if (transaction) window.stage.memory.show({ ...window.stage.app.view, transaction: { ...transaction, stage: { kind: 'finishing' } } });
  });
  expect(await page.getByTestId('settings').isVisible()).toBe(true);
  await page.close();
});

test('another address must be confirmed before it is used', async () => {
  const { page } = await open(browser, '');
  await show(page, 'settings-unconfirmed');
  const confirmed = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        window.stage.memory.confirm_backend = (address) => {
          resolve(address);
          return Promise.resolve();
        };
      }),
  );
  expect(await page.getByTestId('unconfirmed-backend').innerText()).toContain('Another Operator');
  await page.getByTestId('confirm-backend').click();
  expect(await confirmed).toBe('https://connect.other.example');

  await show(page, 'settings-unanswered');
  expect(await page.getByTestId('confirm-backend').getAttribute('aria-disabled')).toBe('true');
  await page.close();
});

test('a busy Monei can be asked again only once its seconds are over', async () => {
  const { page } = await open(browser, '');
  await show(page, 'stage-failed-busy');
  const again = page.getByTestId('try-again');
  expect(await again.innerText()).toBe('Try again in 0:48');
  expect(await again.getAttribute('aria-disabled')).toBe('true');
  await page.evaluate(() => window.stage.setNow(window.stage.now + 49_000));
  await page.waitForFunction(() => document.querySelector('[data-testid=try-again]')?.textContent?.trim() === 'Try again');
  await page.close();
});

test('what an account’s page says by itself is not said above it once more', async () => {
  const { page } = await open(browser, '');
  await show(page, 'account-busy');
  await page.getByTestId('problem-busy').waitFor();
  const refuse = (code: string) => page.evaluate((code) => window.stage.app.attempt(() => Promise.reject({ code, retry_after_s: null })), code);
  await refuse('busy');
  expect(await page.getByTestId('notice').count()).toBe(0);
  await refuse('offline');
  await page.getByTestId('notice').getByTestId('problem-offline').waitFor();
  await page.close();
});

test('a refused start is said in sight, with its way out', async () => {
  const { page } = await open(browser, '', { viewport: { width: 720, height: 520 } });
  await show(page, 'choose');
  await page.evaluate(() => {
    window.stage.memory.connect = () => Promise.reject({ code: 'backend_unconfirmed', retry_after_s: null });
    document.querySelector('main')?.scrollTo(0, 1000);
  });
  await page.getByTestId('start-connect').click();
  const note = page.getByTestId('problem-backend_unconfirmed');
  await note.waitFor();
  await page.waitForFunction(() => (document.querySelector('[data-testid=notice]')?.getBoundingClientRect().top ?? -1) >= 0);
  await note.getByTestId('open-settings').click();
  await page.getByTestId('settings').waitFor();
  await page.close();
});

test('the first paint is marked', async () => {
  const { page } = await open(browser, '');
  expect(await page.evaluate(() => performance.getEntriesByName('dashboard').length)).toBe(1);
  await page.close();
});

test('the tester’s panel is reached from the banner, plans with the keyboard, and says what it did', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'tester');
  await page.evaluate(() => window.stage.app.go({ kind: 'home' }));
  await tabTo(page, 'tester-panel-open');
  await page.keyboard.press('Enter');
  await page.getByTestId('tester-plan').waitFor();
  expect(await page.getByTestId('tester-planned').locator('li').count()).toBe(3);
  const orders = await page.evaluateHandle(() => {
    const sent: unknown[] = [];
    window.stage.memory.tester_order = (order) => {
      sent.push(order);
      const faults = order.kind === 'fault' ? [{ number: 7, target: order.target, fault: order.fault, times: order.times }] : [];
      return Promise.resolve({ people: [{ id: 'ada', name: 'Ada Okafor', about: '' }], presets: [], planned: [], faults, switches: [], clock_offset_s: 0, scenario: null });
    };
    return sent;
  });
  await page.getByTestId('tester-person').selectOption('ada');
  await tabTo(page, 'tester-feature-wallet');
  await page.keyboard.press('Space');
  await tabTo(page, 'tester-auto');
  await page.keyboard.press('Space');
  await tabTo(page, 'tester-plan');
  await page.keyboard.press('Enter');
  await page.getByTestId('tester-nothing-planned').waitFor();
  expect(await page.getByTestId('notice').innerText()).toMatch(/planned/i);
  await page.getByTestId('tester-whose').selectOption('ada');
  await page.getByTestId('tester-revoke').click();
  await page.getByTestId('tester-target').selectOption('token');
  await page.getByTestId('tester-fault').selectOption('drop_after');
  await page.getByTestId('tester-arm').click();
  expect(await page.getByTestId('tester-armed').innerText()).toMatch(/Done, but no answer · Connecting and renewing · once/);
  await page.getByTestId('tester-disarm-7').click();
  await page.getByTestId('tester-nothing-armed').waitFor();
  await page.getByTestId('tester-fault').selectOption('429');
  await page.getByTestId('tester-times').fill('3');
  await page.getByTestId('tester-arm').click();
  await page.getByTestId('tester-fault').selectOption('delay');
  await page.getByTestId('tester-seconds').fill('9999');
  await page.getByTestId('tester-arm').click();
  expect(await orders.jsonValue()).toEqual([
    { kind: 'plan', person: 'ada', allow: { kind: 'features', features: ['profile', 'wallet'] }, auto: true },
    { kind: 'revoke', person: 'ada' },
    { kind: 'fault', target: 'token', fault: { kind: 'drop_after' }, times: 1 },
    { kind: 'disarm', number: 7 },
    { kind: 'fault', target: 'token', fault: { kind: 'status', status: 429, retry_after_s: 8 }, times: 3 },
    { kind: 'fault', target: 'token', fault: { kind: 'delay', seconds: 600 }, times: 3 },
  ]);
  await page.close();
});

test('opening Monei’s page from the tester’s panel plans first and then asks, and the rest of the sandbox opens in the browser', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'tester');
  const done = await page.evaluateHandle(() => {
    const done: unknown[] = [];
    const { memory } = window.stage;
    memory.tester_order = (order) => {
      done.push(order);
      return memory.tester();
    };
    memory.connect = (scopes) => Promise.resolve(void done.push({ connect: scopes }));
    memory.open_link = (link) => Promise.resolve(void done.push({ link }));
    return done;
  });
  await page.getByTestId('tester-person').selectOption('tunde');
  await page.getByTestId('tester-ask-kyc').uncheck();
  await page.getByTestId('tester-ask-deposit').uncheck();
  await page.getByTestId('tester-open').click();
  for (const place of ['switches', 'clock', 'scenario', 'log']) await page.getByTestId(`tester-open-${place}`).click();
  expect(await page.getByTestId('tester-standing-clock').innerText()).toMatch(/3700 seconds ahead/);
  expect(await done.jsonValue()).toEqual([
    { kind: 'reset', what: 'plan' },
    { kind: 'plan', person: 'tunde', allow: { kind: 'features', features: ['profile'] }, auto: false },
    { connect: ['profile:read', 'wallet:read'] },
    { link: 'sandbox_switches' },
    { link: 'sandbox_clock' },
    { link: 'sandbox_scenario' },
    { link: 'sandbox_log' },
  ]);
  await page.close();
});

test('outside of the sandbox there is no tester’s panel and no way to it', async () => {
  const { page } = await open(browser, '');
  await show(page, 'tester-production');
  expect(await page.getByTestId('tester-panel').count()).toBe(0);
  expect(await page.getByTestId('tester-panel-open').count()).toBe(0);
  await page.close();
});

test('everything is checked on demand, each result is said in words, and the report stays with the program', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'settings');
  await page.evaluate(() => {
    const well = { ok: true, problem: null, took_ms: 3, skew_s: null };
    window.stage.memory.diagnose = () =>
      Promise.resolve([
        { ...well, name: 'keychain', ok: false, problem: 'keychain_locked' },
        { ...well, name: 'browser' },
        { ...well, name: 'clock', ok: false, skew_s: 601 },
      ]);
    window.stage.memory.copy_report = () => Promise.resolve();
    window.stage.memory.save_report = () => Promise.resolve('report-7.txt');
  });
  await tabTo(page, 'diagnose');
  await page.keyboard.press('Enter');
  await page.getByTestId('diagnose-results').waitFor();
  expect(await page.getByTestId('diagnose-summary').innerText()).toContain('2');
  expect(await page.getByTestId('check-keychain').innerText()).toContain('The keychain is locked');
  expect(await page.getByTestId('check-browser').getAttribute('data-ok')).toBe('true');
  expect(await page.getByTestId('check-clock').innerText()).toContain('10 minutes ahead');
  await tabTo(page, 'copy-report');
  await page.keyboard.press('Enter');
  await page.getByText('The report is on the clipboard.').waitFor();
  await page.getByTestId('save-report').click();
  await page.getByTestId('notice').getByText('report-7.txt').waitFor();

  await page.evaluate(() => (window.stage.memory.save_report = () => Promise.reject({ code: 'report_unsaved', retry_after_s: null })));
  await page.getByTestId('save-report').click();
  await page.getByTestId('problem-report_unsaved').waitFor();
  await page.close();
});
