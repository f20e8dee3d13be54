import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const focused = (page: Page): Promise<string | null | undefined> => page.evaluate(() => document.activeElement?.getAttribute('data-cell'));
const focusedTest = (page: Page): Promise<string | null | undefined> => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
const names = (page: Page): Promise<string[]> => page.evaluate(() => window.stage.app.view.accounts.map((account) => window.stage.app.nameOf(account)));

test('the overview says each permission of each account in a word, and what needs a person stands above it', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  const words = { enabled: 'On', not_asked: 'Off', declined: 'Declined', lost: 'Ended', set_aside: 'Aside' };
  const view = await page.evaluate(() => window.stage.app.view);
  for (const [row, account] of view.accounts.entries()) {
    for (const feature of account.features) await expect.poll(() => page.getByTestId(`cell-${row}-${feature.id}`).innerText(), { message: `${row} ${feature.id}` }).toBe(words[feature.state.kind]);
  }
  // What passes by itself (offline) and what rests needs nobody.
  await expect.poll(() => page.getByTestId('needs-you').locator('li').allInnerTexts()).toEqual([expect.stringMatching(/^Shop\s+Needs reconnecting\s+Access was taken back\.\s+See what to do/)]);
  const [above, table] = [await page.getByTestId('needs-you').boundingBox(), await page.getByTestId('account-grid').boundingBox()];
  expect((above?.y ?? 0) < (table?.y ?? 0)).toBe(true);
  await page.getByTestId('needs-you').getByRole('button').click();
  await page.locator('[data-testid=account-health][data-kind=needs_reconnect]').waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});

test('every detail is at most two clicks away from the overview', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await page.getByTestId('cell-0-swap').click();
  await page.getByTestId('permission').waitFor();
  await expect.poll(() => page.locator('h1').innerText()).toBe('Swap and send crypto');
  for (const text of ['Monei sets no end date. It ends when you take it back here or at Monei.', 'All your crypto is sent to an address of somebody else']) {
    await expect.poll(() => page.getByTestId('permission').innerText()).toContain(text);
  }
  await page.getByTestId('nav-overview').click();
  await page.getByTestId('overview-0').getByRole('button').first().click();
  await page.getByTestId('account-health').waitFor();
  await page.close();
});

test('the table is one stop of Tab; arrows move in it, Enter opens, and Alt with an arrow moves the account', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  const grid = page.getByTestId('account-grid');
  await expect.poll(() => grid.locator('[tabindex="0"]').count()).toBe(1);
  await page.getByTestId('arrange-accounts').focus();
  // "Needs you" comes between.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect.poll(() => focused(page)).toBe('0 0');
  for (const [key, cell] of [['ArrowDown', '1 0'], ['ArrowRight', '1 1'], ['End', '1 9'], ['ArrowRight', '1 9'], ['Control+End', '3 9'], ['ArrowUp', '2 9'], ['Home', '2 0'], ['Control+Home', '0 0'], ['ArrowLeft', '0 0']] as const) {
    await page.keyboard.press(key);
    await expect.poll(() => focused(page), { message: key }).toBe(cell);
  }
  await expect.poll(() => grid.locator('[tabindex="0"]').count()).toBe(1);
  const before = await names(page);
  await page.keyboard.press('Alt+ArrowDown');
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-cell') === '1 0');
  await expect.poll(() => names(page)).toEqual([before[1], before[0], ...before.slice(2)]);
  await expect.poll(() => page.getByTestId('overview-status').innerText()).toContain('is now 2 of 4');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByTestId('permission').waitFor();
  await page.close();
});

test('accounts are put in order by dragging and by buttons, and the program keeps it', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  const told = await page.evaluateHandle(() => {
    const told: unknown[] = [];
    const { memory } = window.stage;
    const move = memory.move_account.bind(memory);
    memory.move_account = (account, before) => {
      told.push([window.stage.app.view.accounts.findIndex(({ id }) => id === account), window.stage.app.view.accounts.findIndex(({ id }) => id === before)]);
      return move(account, before);
    };
    return told;
  });
  const before = await names(page);
  await page.getByTestId('arrange-accounts').click();
  const [from, to] = [await page.getByTestId('drag-3').boundingBox(), await page.getByTestId('arrange-1').boundingBox()];
  if (!from || !to) throw new Error('no list to arrange');
  await page.mouse.move(from.x + 8, from.y + 8);
  await page.mouse.down();
  await page.mouse.move(from.x + 8, to.y + 4, { steps: 6 });
  await page.mouse.up();
  await expect.poll(() => names(page)).toEqual([before[0], before[3], before[1], before[2]]);
  // Dropped outside of the list by Escape: nothing moves.
  await page.mouse.move(from.x + 8, from.y + 8);
  await page.mouse.down();
  await page.mouse.move(from.x + 8, to.y + 4, { steps: 3 });
  await page.keyboard.press('Escape');
  await page.mouse.up();
  await expect.poll(() => names(page)).toEqual([before[0], before[3], before[1], before[2]]);
  await page.getByTestId('down-0').click();
  await expect.poll(() => names(page)).toEqual([before[3], before[0], before[1], before[2]]);
  // The focus goes with the account.
  await page.keyboard.press('Enter');
  await expect.poll(() => names(page)).toEqual([before[3], before[1], before[0], before[2]]);
  await expect.poll(() => page.getByTestId('up-0').getAttribute('aria-disabled')).toBe('true');
  await expect.poll(() => told.jsonValue()).toEqual([[3, 1], [0, 2], [1, 3]]);
  await page.close();
});

test('from ten accounts on they can be searched, without typing accents', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'overview');
  await expect.poll(() => page.getByTestId('search-accounts').count()).toBe(0);
  await show(page, 'overview-many');
  await page.waitForFunction(() => document.querySelectorAll('[data-testid^=overview-][role=row]').length === 50);
  await page.getByTestId('search-accounts').fill('branch 4');
  await expect.poll(() => page.locator('[role=row] .names .strong').allInnerTexts()).toEqual(['Branch 4', 'Branch 40', 'Branch 41', 'Branch 42', 'Branch 43', 'Branch 44', 'Branch 45', 'Branch 46', 'Branch 47', 'Branch 48']);
  await page.getByTestId('search-accounts').fill('branch17@');
  await expect.poll(() => page.locator('[role=row] .names .strong').allInnerTexts()).toEqual(['Branch 17']);
  await expect.poll(() => page.getByTestId('overview-status').innerText()).toBe('1 account');
  await page.evaluate(() => {
    const { view } = window.stage.app;
    window.stage.memory.show({ ...view, accounts: view.accounts.map((account, index) => (index === 30 ? { ...account, label: 'Adébáyọ̀ & Sons' } : account)) });
  });
  await page.getByTestId('search-accounts').fill('adebayo');
  await expect.poll(() => page.locator('[role=row] .names .strong').allInnerTexts()).toEqual(['Adébáyọ̀ & Sons']);
  // Two of the same name are told apart wherever one of them is chosen.
  await page.evaluate(() => {
    const { view } = window.stage.app;
    window.stage.memory.show({ ...view, accounts: view.accounts.map((account, index) => (index < 2 ? { ...account, label: 'Twins' } : account)) });
  });
  await page.keyboard.press('Control+k');
  await page.keyboard.type('disconnect twins');
  const twins = (await page.getByTestId('palette-list').locator('li').allInnerTexts()).map((line) => line.replace(/[\u2068\u2069]/g, ''));
  expect(twins).toEqual([expect.stringMatching(/^Disconnect Twins \(.+\)…$/), expect.stringMatching(/^Disconnect Twins \(.+\)…$/)]);
  expect(twins[0]).not.toBe(twins[1]);
  await page.keyboard.press('Escape');
  await page.getByTestId('search-accounts').fill('nobody');
  await page.getByTestId('nobody-found').waitFor();
  await page.close();
});

test('with one account its page opens directly; with several the overview does', async () => {
  const { page } = await open(browser, '');
  await show(page, 'overview');
  await page.evaluate(() => window.stage.app.go({ kind: 'home' }));
  await page.getByTestId('overview').waitFor();
  await page.evaluate(() => {
    const { view } = window.stage.app;
    window.stage.memory.show({ ...view, accounts: view.accounts.slice(0, 1) });
  });
  await page.getByTestId('account-health').waitFor();
  await expect.poll(() => page.getByTestId('nav-overview').count()).toBe(0);
  await page.close();
});

test('an account without a name keeps its number when the order changes', async () => {
  const { page } = await open(browser, '');
  await show(page, 'overview');
  await page.evaluate(() => {
    const { view } = window.stage.app;
    window.stage.memory.show({ ...view, accounts: view.accounts.map((account, index) => ({ ...account, label: null, name: null, email: null, connected_at: 1000 + index })) });
  });
  await expect.poll(() => names(page)).toEqual(['Account 1', 'Account 2', 'Account 3', 'Account 4']);
  await page.evaluate(() => window.stage.memory.move_account(window.stage.app.view.accounts[3]?.id ?? '', window.stage.app.view.accounts[0]?.id ?? ''));
  await expect.poll(() => names(page)).toEqual(['Account 4', 'Account 1', 'Account 2', 'Account 3']);
  await page.close();
});

test('a permission says its start and end, what it was used for and by whom, and its calls on request', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'permission');
  await page.getByTestId('permission-uses').waitFor();
  await expect.poll(() => page.getByTestId('permission-life').innerText()).toMatch(/Allowed on .*\d{4}.*Monei sets no end date.*Last used\s+3 minutes ago: Your balance and wallets \(This window\).*approved alone.*Disconnecting the account ends/s);
  await expect.poll(() => page.getByTestId('permission-uses').innerText()).toMatch(/Your balance and wallets\s+This window\s+12 times.*An app that you allowed.*3 without an answer/s);
  await expect.poll(() => page.getByTestId('permission-history').locator('li').count()).toBe(3);
  await expect.poll(() => page.getByTestId('permission-endpoints').locator('ul').isVisible()).toBe(false);
  await page.getByTestId('permission-endpoints').locator('summary').click();
  await expect.poll(() => page.getByTestId('permission-endpoints').innerText()).toMatch(/Payment to a bank account\s+POST \/wallet\/payout\/bank-transfer\s+moves money/);
  await show(page, 'permission-lost');
  await page.getByTestId('permission-uses').waitFor();
  await expect.poll(() => page.getByTestId('permission-life').innerText()).toMatch(/Start\s+Allowed on .*\d{4}.*End\s+It ended at Monei’s side\. .*Last used/s);
  await show(page, 'permission-declined');
  await expect.poll(() => page.getByTestId('permission-life').innerText()).toMatch(/You left it off on .*Nothing is allowed\.\s+Last used\s+Never/s);
  await page.getByTestId('ask-send').click();
  await page.getByTestId('confirm-ask').waitFor();
  await page.close();
});

test('a permission that the tier blocks says so on its page, also when nothing else of the account was opened', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  const asked = async (without: string[]) => {
    await show(page, 'overview');
    const asked = await page.evaluateHandle((without) => {
      const { app, memory, now } = window.stage;
      const features = app.view.catalogue.filter(({ id }) => !without.includes(id)).map(({ id }) => ({ id, state: { kind: 'enabled' as const, at: now } }));
      memory.show({ ...app.view, accounts: app.view.accounts.map((account) => ({ ...account, other_backend: null, features })) });
      const asked: string[] = [];
      memory.sections = (_, section) => {
        asked.push(section);
        return Promise.resolve({ section: 'kyc', tier: 1, status: null, can_upgrade: true, limits: [], allowances: [{ kind: 'crypto', allowed: false }] });
      };
      return asked;
    }, without);
    await page.getByTestId('cell-0-swap').click();
    await page.getByTestId('permission-uses').or(page.getByTestId('permission-unused')).waitFor();
    return asked;
  };
  await asked([]);
  await page.getByTestId('blocked-by-tier').waitFor();
  // What hangs on no tier asks for none, and nothing is asked for without its permission.
  expect(await (await asked(['kyc'])).jsonValue()).toEqual([]);
  await expect.poll(() => page.getByTestId('blocked-by-tier').count()).toBe(0);
  await page.close();
});

test('what the person’s tier blocks although it was allowed is said', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'tier-blocks');
  await page.getByTestId('blocked-withdraw').waitFor();
  await expect.poll(() => page.locator('[data-testid^=blocked-]').count()).toBe(1);
  await page.getByTestId('details-withdraw').click();
  await page.getByTestId('blocked-by-tier').waitFor();
  await page.close();
});

test('hidden amounts are not in the page at all, and the choice is remembered by the program', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'account-full');
  await page.getByTestId('naira-balance').waitFor();
  const amounts = () => page.evaluate(() => (document.querySelector('main')?.innerHTML.match(/₦[\d,]+/g) ?? []).length);
  const shown = await amounts();
  await page.getByTestId('toggle-amounts').click();
  await page.waitForFunction(() => document.querySelector('[data-testid=naira-balance]')?.textContent?.includes('••••'));
  // What is left are the limits of the tier: Monei's, not the person's.
  const limits = await page.getByTestId('section-kyc').evaluate((part) => (part.innerHTML.match(/₦[\d,]+/g) ?? []).length);
  expect(shown).toBeGreaterThan(limits);
  await expect.poll(() => amounts()).toBe(limits);
  await expect.poll(() => page.evaluate(() => window.stage.app.view.preferences.hide_amounts)).toBe(true);
  await page.getByTestId('toggle-amounts').click();
  await page.waitForFunction(() => /₦\d/.test(document.querySelector('[data-testid=naira-balance]')?.textContent ?? ''));
  await page.close();
});

test.each(['light', 'dark'] as const)('the chosen colours win over the desktop’s, which are %s', async (colorScheme) => {
  const { page } = await open(browser, '', { colorScheme, reducedMotion: 'reduce' });
  await show(page, 'settings');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [light, dark] = ['rgb(245, 247, 248)', 'rgb(22, 24, 25)'];
  await expect.poll(() => ground()).toBe(colorScheme === 'light' ? light : dark);
  await page.getByTestId('theme-dark').check();
  await page.waitForFunction(() => document.documentElement.dataset['theme'] === 'dark');
  await expect.poll(() => ground()).toBe(dark);
  await page.getByTestId('theme-light').check();
  await page.waitForFunction(() => document.documentElement.dataset['theme'] === 'light');
  await expect.poll(() => ground()).toBe(light);
  await page.getByTestId('theme-system').check();
  await page.waitForFunction(() => document.documentElement.dataset['theme'] === undefined);
  await expect.poll(() => ground()).toBe(colorScheme === 'light' ? light : dark);
  await page.close();
});

test('another account is drawn into the page that is there, and shows nothing of the one before', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'account-full');
  await page.evaluate(() => {
    const { memory, app } = window.stage;
    const [first] = app.view.accounts;
    if (!first) throw new Error('no account');
    const answer = memory.sections;
    memory.sections = (account, section) => (account === first.id ? answer(account, section) : new Promise(() => undefined));
    memory.check = () => new Promise(() => undefined);
    memory.show({ ...app.view, accounts: [first, { ...first, id: 'another', label: 'Another', name: 'Tunde Bello', email: 'tunde@example.test' }] });
  });
  const balance = await page.getByTestId('naira-balance').innerText();
  const row = await page.getByTestId('feature-send').elementHandle();
  await page.evaluate(() => document.querySelector('main')?.scrollTo(0, 400));
  await page.getByTestId('refresh').click();
  await expect.poll(() => page.getByTestId('refresh').getAttribute('aria-disabled')).toBe('true');
  await page.getByTestId('account-1').click();
  await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'Another');
  expect(await row?.evaluate((element) => element.isConnected)).toBe(true);
  await expect.poll(() => page.getByTestId('section-wallet').getAttribute('data-state')).toBe('loading');
  const text = await page.locator('main').innerText();
  for (const old of [balance, 'Ada Okafor', 'ada.okafor']) expect(text).not.toContain(old);
  // The first one is still being asked about; this one isn't.
  await expect.poll(() => page.getByTestId('refresh').getAttribute('aria-disabled')).toBe('false');
  await page.waitForFunction(() => document.querySelector('main')?.scrollTop === 0 && document.activeElement?.tagName === 'H1');
  await page.close();
});

test('the whole history comes page by page, with the filters that are set, and the answer to an earlier question is dropped', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'account-full');
  const asked = await page.evaluateHandle(() => {
    const asked: { filter: Record<string, unknown>; page: number; answer: (more: boolean) => void }[] = [];
    const item = { at: 0, amount: { amount: '5.00', currency: 'NGN' }, direction: 'in' as const, status: 'done' as const };
    window.stage.memory.history = (_, filter, page) =>
      new Promise((resolve) => {
        const narration = `${filter.narration ?? 'any'} ${page}`;
        asked.push({ filter: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null)), page, answer: (more) => resolve({ items: [{ ...item, narration, reference: narration }], total: 2, more }) });
      });
    return asked;
  });
  const answer = (index: number, more = false) => asked.evaluate((asked, { index, more }) => asked[index]?.answer(more), { index, more });
  const lines = () => page.getByTestId('history-list').locator('li').allInnerTexts();
  await page.getByTestId('all-transactions').click();
  await page.waitForFunction((asked) => asked.length === 1, asked);
  await page.getByTestId('filter-kind').selectOption({ label: 'Money in' });
  await page.getByTestId('filter-from').fill('2024-02-29');
  await page.getByTestId('more-filters').locator('summary').click();
  await page.getByTestId('filter-min').fill(' 10.5 ');
  await page.getByTestId('filter-narration').fill('rent');
  await page.keyboard.press('Enter');
  await answer(1, true);
  await page.waitForFunction(() => document.querySelector('[data-testid=history-list]')?.textContent?.includes('rent 1'));
  // The first question is answered late.
  await answer(0);
  await page.getByTestId('history-more').click();
  await answer(2);
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=history-list] li').length === 2);
  expect((await lines()).map((line) => /(rent|any) \d/.exec(line)?.[0])).toEqual(['rent 1', 'rent 2']);
  await expect.poll(() => page.getByTestId('history-count').innerText()).toBe('2 of 2 shown');
  await expect.poll(() => page.getByTestId('history-more').count()).toBe(0);
  const focused = await page.evaluate(() => [document.activeElement?.tagName, document.activeElement?.textContent ?? '']);
  expect(focused, 'the button that was pressed is gone').toEqual(['LI', expect.stringContaining('rent 2')]);
  await expect.poll(() => asked.evaluate((asked) => asked.map(({ filter, page }) => ({ filter, page })))).toEqual([
    { filter: { order: 'newest' }, page: 1 },
    { filter: { order: 'newest', kind: 'credit', from: '2024-02-29', min_amount: '10.5', narration: 'rent' }, page: 1 },
    { filter: { order: 'newest', kind: 'credit', from: '2024-02-29', min_amount: '10.5', narration: 'rent' }, page: 2 },
  ]);
  await page.evaluate(() => (window.stage.memory.history = () => Promise.reject({ code: 'invalid_input', retry_after_s: null })));
  await page.getByTestId('clear-filters').click();
  await page.getByTestId('filter-invalid').waitFor();
  expect(await page.getByTestId('filter-min').inputValue()).toBe('');
  expect(complaints).toEqual([]);
  await page.close();
});

test('what comes in between two pages of the history shows nothing twice, also where its status has changed', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'account-full');
  await page.evaluate(() => {
    // From the newest; two to a page. When the second page is asked for, one has come in, and the one before the last is through.
    const item = (number: number, status: 'done' | 'pending') => ({ at: number, amount: { amount: `${number}.00`, currency: 'NGN' }, direction: 'in' as const, status, narration: `number ${number}.`, reference: `TX${number}` });
    const nameless = { ...item(1, 'done'), at: null, reference: null };
    window.stage.memory.history = (_, __, page) => Promise.resolve(page === 1 ? { items: [item(4, 'done'), item(3, 'pending')], total: 5, more: true } : { items: [item(3, 'done'), item(2, 'done'), nameless, nameless], total: 6, more: false });
  });
  await page.getByTestId('all-transactions').click();
  await page.getByTestId('history-more').click();
  await page.getByTestId('history-more').waitFor({ state: 'detached' });
  const lines = await page.getByTestId('history-list').locator('li').allInnerTexts();
  expect(lines.map((line) => /number \d/.exec(line)?.[0])).toEqual(['number 4', 'number 3', 'number 2', 'number 1', 'number 1']);
  await page.close();
});

test('a file is made with the filters whose answer is shown, says how far it is, and can be given up', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'history');
  await page.getByTestId('history-list').waitFor();
  const made = await page.evaluateHandle(() => {
    const made: { args: unknown[]; end: (file: string | null) => void; cancelled: number }[] = [];
    window.stage.memory.export_history = (_, filter, format, progress) =>
      new Promise((resolve) => {
        progress({ fetched: 1000, total: 4200 });
        made.push({ args: [filter.status, format], end: (file) => resolve(file === null ? null : { file, written: 3, left_out: 2 }), cancelled: 0 });
      });
    window.stage.memory.cancel_export = () => {
      const last = made.at(-1);
      if (last) {
        last.cancelled += 1;
        last.end(null);
      }
      return Promise.resolve();
    };
    return made;
  });
  // Chosen, and not yet asked for: the file is of what is shown.
  await page.getByTestId('filter-status').selectOption({ label: 'Failed' });
  await page.getByTestId('export-format').selectOption('ofx');
  await page.getByTestId('export').click();
  await expect.poll(() => page.getByTestId('export-progress').innerText()).toBe('1,000 of 4,200 fetched…');
  await expect.poll(() => focusedTest(page)).toBe('export');
  await page.getByTestId('cancel-export').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('cancel-export').waitFor({ state: 'detached' });
  await expect.poll(() => page.getByTestId('export-progress').innerText()).toBe('Nothing was saved.');
  await expect.poll(() => focusedTest(page), { message: 'the button that was pressed is gone' }).toBe('export');
  await expect.poll(() => page.getByTestId('notice').count()).toBe(0);
  await page.getByTestId('apply-filters').click();
  await page.getByTestId('export').click();
  await made.evaluate((made) => made.at(-1)?.end('~/Downloads/a.ofx'));
  await page.getByTestId('notice').waitFor();
  await expect.poll(() => page.getByTestId('notice').innerText()).toMatch(/3 transactions were saved as .*a\.ofx.*2 were left out/);
  expect(await page.getByTestId('export-progress').innerText()).toBe('');
  // Who leaves the page doesn't wait for it.
  await page.getByTestId('export').click();
  await page.getByTestId('cancel-export').waitFor();
  await page.getByTestId('nav-settings').click();
  await page.waitForFunction((made) => made.at(-1)?.cancelled === 1, made);
  await expect.poll(() => made.evaluate((made) => made.map(({ args }) => args))).toEqual([[null, 'ofx'], ['failed', 'ofx'], ['failed', 'ofx']]);
  await page.close();
});
