import { source, type AxeResults, type RunOptions } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';

declare const axe: { run(options: RunOptions): Promise<AxeResults> };

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** Records what is asked of Monei, in words, and answers as before. */
const counted = async (page: Page) => {
  // What is shown already has been fetched.
  await expect.poll(() => page.locator('[data-testid^=section-][data-state=loading]').count()).toBe(0);
  return page.evaluateHandle(() => {
    const asked: string[] = [];
    const { memory } = window.stage;
    const answer = memory.parts;
    memory.parts = (account, part) => {
      asked.push(Object.values(part).join(' '));
      return answer(account, part);
    };
    return asked;
  });
};

test('nothing of the wallet’s parts is fetched with the account’s page, and each way there is one click', async () => {
  const { page, complaints } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'wallet-crypto');
  const asked = await counted(page);
  await page.getByTestId('wallet-back').click();
  await page.getByTestId('section-transactions').and(page.locator('[data-state=ready]')).waitFor();
  expect(await asked.jsonValue()).toEqual([]);
  for (const [way, section] of [['sales', 'sales-1'], ['bills', 'bills-1'], ['deposits', 'deposits-1']] as const) {
    await page.getByTestId(`open-${way}`).click();
    await page.getByTestId(`section-${section}`).and(page.locator('[data-state=ready]')).waitFor();
    await expect.poll(() => page.getByTestId(`tab-${way}`).getAttribute('aria-current')).toBe('page');
    await page.getByTestId('wallet-back').click();
  }
  await expect.poll(() => asked.jsonValue()).toEqual(['sales 1', 'bills 1', 'deposits 1']);
  expect(complaints).toEqual([]);
  await page.close();
});

test('what is left before it has appeared isn’t fetched', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'account-full');
  const asked = await counted(page);
  await page.getByTestId('open-crypto').waitFor();
  await page.evaluate(async () => {
    const { app } = window.stage;
    const account = app.view.accounts[0]?.id ?? '';
    app.go({ kind: 'wallet', account, part: 'sales' });
    await Promise.resolve();
    app.go({ kind: 'account', id: account });
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  expect(await asked.jsonValue()).toEqual([]);
  await page.close();
});

test('a network is fetched when it is opened, by one call, and not again while its answer is fresh', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'account-full');
  const asked = await counted(page);
  await page.getByTestId('open-crypto').click();
  await page.getByTestId('section-portfolio-ethereum').and(page.locator('[data-state=ready]')).waitFor();
  await expect.poll(() => asked.jsonValue()).toEqual(['portfolio ethereum']);
  // By keyboard alone.
  await page.getByTestId('network-solana').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('section-portfolio-solana').and(page.locator('[data-state=ready]')).waitFor();
  await expect.poll(() => page.getByTestId('network-solana').getAttribute('aria-expanded')).toBe('true');
  await page.keyboard.press('Enter');
  await page.getByTestId('section-portfolio-solana').waitFor({ state: 'detached' });
  await page.keyboard.press('Enter');
  await page.getByTestId('section-portfolio-solana').and(page.locator('[data-state=ready]')).waitFor();
  await expect.poll(() => asked.jsonValue()).toEqual(['portfolio ethereum', 'portfolio solana']);
  await expect.poll(() => page.getByTestId('network-solana').innerText()).toMatch(/Solana\s+about US\$[\d,.]+/);
  await page.close();
});

test('a coin that calls itself naira is never written as naira, and no digit of an amount is lost', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'wallet-crypto-hostile');
  await page.getByTestId('section-portfolio-ethereum').and(page.locator('[data-state=ready]')).waitFor();
  const coins = page.getByTestId('section-portfolio-ethereum').locator('li');
  expect((await coins.nth(1).innerText()).replace(/[\u2068\u2069]/g, '').replace(/\s+/g, ' ')).toBe('Naira Contract 0xdeaddead…deaddead 1,000,000 NGN');
  expect(await coins.nth(1).innerText()).not.toContain('₦');
  await expect.poll(() => coins.nth(2).innerText()).toContain('115,792,089,237,316,195,423,570,985,008,687,907,853,269,984,665,640,564,039,457.584007913129639935');
  expect(await page.locator('main img, main b').count()).toBe(0);
  await page.close();
});

test('test networks are not offered where the money is real', async () => {
  const { page } = await open(browser, '');
  await show(page, 'wallet-crypto');
  await expect.poll(() => page.getByTestId('network-sepolia').count()).toBe(1);
  await show(page, 'wallet-crypto-production');
  await page.getByTestId('network-solana').waitFor();
  await expect.poll(() => page.getByTestId('network-sepolia').count()).toBe(0);
  await page.close();
});

test('each state of a sale has its word and what to do, and one that goes on shows its next step', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'wallet-sales-every');
  const sales = page.getByTestId('section-sales-1').locator('ul.lines > li');
  await sales.first().waitFor();
  const told = await sales.allInnerTexts();
  const words = ['Begun', 'Waiting for the coins', 'Coins received', 'Being exchanged', 'On its way to the bank', 'Paid out', 'Failed', 'Cancelled', 'Coins returned', 'Expired', 'Status unknown'];
  expect(told.length).toBe(words.length);
  for (const [index, word] of words.entries()) {
    expect(told[index], word).toContain(word);
    expect(told[index], word).toMatch(/250\.5 .?USDC.?\s/);
  }
  expect(new Set(await sales.locator('p').allInnerTexts()).size).toBe(words.length);
  expect(told[10]).toMatch(/what Monei says about it: .?Under review/);
  await expect.poll(() => sales.locator('[aria-current=step]').allInnerTexts()).toEqual(['Coins received', 'Coins received', 'Exchanged', 'Exchanged', 'Paid out']);
  await page.close();
});

test('a sale is followed on request, and what is newer there is shown in the list', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'wallet-sales');
  const asked = await counted(page);
  const line = page.getByTestId('section-sales-1').locator('ul.lines > li').nth(1);
  await expect.poll(() => line.innerText()).toContain('Being exchanged');
  await page.evaluate(() => {
    const { memory } = window.stage;
    const answer = memory.parts;
    memory.parts = async (account, part) => {
      const found = await answer(account, part);
      return found.part === 'sale' && found.sale ? { ...found, sale: { ...found.sale, status: 'completed' } } : found;
    };
  });
  await page.getByTestId('sale-OFF-E5F6A7B8').click();
  await page.getByTestId('section-sale').and(page.locator('[data-state=ready]')).waitFor();
  await expect.poll(() => line.innerText()).toMatch(/Paid out[\s\S]*OFF-E5F6A7B8[\s\S]*Ada Okafor/);
  await page.getByTestId('again-sale').click();
  await expect.poll(async () => (await asked.jsonValue()).filter((question) => question === 'sale OFF-E5F6A7B8').length).toBe(2);
  await page.close();
});

test('bills tell whether they went through, and a list goes on page by page', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'wallet-bills-every');
  const bills = page.getByTestId('section-bills-1').locator('ul.lines > li');
  await bills.first().waitFor();
  const told = await bills.allInnerTexts();
  for (const [index, word] of ['Pending', 'Done', 'Failed', 'Cancelled', 'Status unknown'].entries()) expect(told[index], word).toContain(word);
  expect(told[2]).toContain('Look at your transactions to see whether the money is back.');
  expect(told[4]).toMatch(/what Monei says about it: .?On hold/);
  await page.getByTestId('bill-1-3').click();
  await expect.poll(() => bills.nth(3).innerText()).toMatch(/Meter code\s+1234-5678-9012-3456/);

  await show(page, 'wallet-bills-many');
  const asked = await counted(page);
  await page.getByTestId('more-bills').click();
  await page.getByTestId('section-bills-2').and(page.locator('[data-state=ready]')).waitFor();
  // The button was gone while the page came.
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Bills, page 2');
  await page.getByTestId('more-bills').click();
  await page.getByTestId('section-bills-3').and(page.locator('[data-state=ready]')).waitFor();
  await expect.poll(() => page.locator('ul.lines > li').count()).toBe(54);
  await expect.poll(() => page.getByTestId('more-bills').count()).toBe(0);
  await expect.poll(() => asked.jsonValue()).toEqual(['bills 2', 'bills 3']);
  await page.close();
});

test('a list is fetched anew on request, all of it that is shown, and what is wrong gets the focus of the button that it replaces', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'wallet-bills-many');
  await page.getByTestId('more-bills').click();
  await page.getByTestId('section-bills-2').and(page.locator('[data-state=ready]')).waitFor();
  const asked = await counted(page);
  await page.getByTestId('refresh-bills').click();
  await expect.poll(() => asked.jsonValue()).toEqual(['bills 1', 'bills 2']);
  await page.evaluate(() => (window.stage.memory.parts = () => Promise.reject({ code: 'offline', retry_after_s: null })));
  await page.getByTestId('refresh-bills').click();
  await page.getByTestId('stale-bills-1').waitFor();
  await expect.poll(() => page.getByTestId('refresh-bills').count()).toBe(0);
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Bills');
  await page.close();
});

test.each(['sales', 'bills', 'deposits'] as const)('what comes in between two pages of %s shows nothing twice', async (part) => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, `wallet-${part === 'deposits' ? 'deposit-done' : `${part}-many`}`);
  await page.evaluate((part) => {
    const { memory } = window.stage;
    const answer = memory.parts;
    memory.parts = async (account, asked) => {
      const view = await answer(account, asked.part === part ? { ...asked, page: 1 } : asked);
      if (view.part !== part || asked.part !== part) return view;
      const [first] = view.items;
      if (!first) throw new Error('no item');
      const item = (number: number) => ({ ...first, reference: `R${number}` });
      return { ...view, more: asked.page === 1, items: (asked.page === 1 ? [item(5), item(4)] : [item(4), item(3)]) as never };
    };
  }, part);
  await page.evaluate((part) => window.stage.app.sections.load(window.stage.app.view.accounts[0]?.id ?? '', { part, page: 1 }), part);
  await page.getByTestId(`more-${part}`).click();
  await page.getByTestId(`section-${part}-2`).and(page.locator('[data-state=ready]')).waitFor();
  await expect.poll(() => page.getByTestId(`section-${part}-1`).locator('ul.lines > li').count()).toBe(2);
  await expect.poll(() => page.getByTestId(`section-${part}-2`).locator('ul.lines > li').count()).toBe(1);
  await page.close();
});

test('a deposit’s status is asked for by its reference, from the list or typed, and only on request', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'wallet-deposit-pending');
  await page.getByTestId('section-deposits-1').and(page.locator('[data-state=ready]')).waitFor();
  const asked = await counted(page);
  await page.getByTestId('deposit-D-1').click();
  await page.getByTestId('deposit-status').waitFor();
  await expect.poll(() => page.getByTestId('section-deposits-1').innerText()).toMatch(/Waiting for payment[\s\S]*To pay\s+₦5,110\.00[\s\S]*Sandbox MFB · 9907581802 · ADA OKAFOR/);
  await page.getByTestId('deposit-reference').fill('../../user/me');
  await page.keyboard.press('Enter');
  await page.getByTestId('reference-wrong').waitFor();
  await expect.poll(() => page.getByTestId('deposit-reference').getAttribute('aria-invalid')).toBe('true');
  await expect.poll(() => asked.jsonValue()).toEqual(['deposit D-1']);
  await page.evaluate(() => (window.stage.memory.parts = () => Promise.resolve({ part: 'deposit', deposit: null })));
  await page.getByTestId('deposit-reference').fill(' DEP-9 ');
  await page.getByTestId('check-deposit').click();
  await expect.poll(() => page.getByTestId('deposit-unknown').innerText()).toContain('Monei knows no deposit with this reference');
  await page.close();
});

test('without the permission nothing is fetched, and it can be asked for there', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  for (const variant of ['wallet-missing', 'wallet-lost', 'wallet-rests']) {
    await show(page, variant);
    await page.getByTestId('wallet-page').waitFor();
    await expect.poll(() => page.locator('[data-testid^=section-]').count(), { message: variant }).toBe(0);
  }
  await show(page, 'wallet-lost');
  const asked = await page.evaluateHandle(() => {
    const asked: unknown[] = [];
    window.stage.memory.reconnect = (_, scopes) => {
      asked.push(scopes);
      return Promise.resolve();
    };
    return asked;
  });
  await page.getByTestId('ask-wallet').click();
  // Access that Monei took back, too.
  await show(page, 'wallet-bills-access_revoked');
  await page.getByTestId('reconnect').click();
  await expect.poll(() => asked.jsonValue()).toEqual([['wallet:read'], ['wallet:read']]);
  await page.close();
});

test('a tier that blocks reading is said, and what was there stays with its age while Monei can’t be reached', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'wallet-bills-limit_reached');
  await page.getByTestId('problem-limit_reached').waitFor();
  await show(page, 'wallet-bills');
  await page.getByTestId('section-bills-1').and(page.locator('[data-state=ready]')).waitFor();
  const before = await page.getByTestId('section-bills-1').locator('ul').innerText();
  await page.evaluate(() => {
    const { app, memory, now, setNow } = window.stage;
    setNow(now + 7 * 60_000);
    memory.parts = () => Promise.reject({ code: 'offline', retry_after_s: null });
    const account = app.view.accounts[0];
    if (account) void app.sections.load(account.id, { part: 'bills', page: 1 });
  });
  await expect.poll(() => page.getByTestId('stale-bills-1').innerText()).toContain('From 7 minutes ago.');
  await expect.poll(() => page.getByTestId('section-bills-1').locator('ul').innerText()).toBe(before);
  await page.evaluate(() => (window.stage.memory.parts = () => Promise.reject({ code: 'access_revoked', retry_after_s: null })));
  await page.getByTestId('retry-bills-1').click();
  await page.getByTestId('problem-access_revoked').waitFor();
  await expect.poll(() => page.locator('ul.lines').count()).toBe(0);
  await page.close();
});

test('hidden amounts are not in the page at all', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  for (const [variant, section, secret] of [
    ['wallet-crypto', 'portfolio-ethereum', /0\.842|2,231\.30|3,201\.30/],
    ['wallet-sales-every', 'sales-1', /250\.5|365,229/],
    ['wallet-bills-every', 'bills-1', /15,000/],
    ['wallet-deposits', 'deposits-1', /450,007/],
  ] as const) {
    await show(page, variant);
    await page.getByTestId(`section-${section}`).and(page.locator('[data-state=ready]')).waitFor();
    await expect.poll(() => page.locator('main').innerHTML(), { message: variant }).toMatch(secret);
    await page.getByTestId('toggle-amounts').click();
    await page.waitForFunction(() => document.querySelector('main')?.textContent?.includes('••••'));
    expect(await page.locator('main').innerHTML(), variant).not.toMatch(secret);
    await page.getByTestId('toggle-amounts').click();
  }
  await page.close();
});

test('what is shown on request has no accessibility fault either, and needs no sideways scrolling', async () => {
  for (const [colorScheme, width] of [['light', 1080], ['dark', 360]] as const) {
    const { page } = await open(browser, '', { colorScheme, viewport: { width, height: 480 }, reducedMotion: 'reduce' });
    await page.evaluate(source);
    for (const [variant, buttons, shown] of [
      ['wallet-sales-every', ['sale-OFF-1', 'sale-OFF-6'], 'section-sale'],
      ['wallet-sales-hostile', ['sale-OFF-1'], 'section-sale'],
      ['wallet-bills-hostile', ['bill-1-0'], 'section-bills-1'],
      ['wallet-deposits-hostile', ['deposit-D-1'], 'section-deposit'],
      ['wallet-deposit-pending', ['deposit-D-1'], 'section-deposit'],
    ] as const) {
      await show(page, variant);
      for (const button of buttons) await page.getByTestId(button).click();
      await page.getByTestId(shown).first().waitFor();
      await page.waitForFunction(() => !document.querySelector('main [data-state=loading]'));
      // From the top: what is scrolled half under the banner isn't too small.
      await page.evaluate(() => [document.scrollingElement, document.querySelector('main')].forEach((part) => part?.scrollTo(0, 0)));
      const { violations } = await page.evaluate(() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] }));
      expect(violations.map(({ id, nodes }) => `${id} ${nodes.map(({ target }) => target.join(' ')).join()}`), variant).toEqual([]);
      await expect.poll(() => page.evaluate(() => document.querySelector('main')?.scrollWidth === document.querySelector('main')?.clientWidth), { message: variant }).toBe(true);
    }
    await page.close();
  }
});
