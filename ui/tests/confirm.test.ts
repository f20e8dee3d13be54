import { source } from 'axe-core';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launch } from './browser';

declare const axe: { run(options: RunOptions): Promise<AxeResults> };

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

interface Stage {
  answers: unknown[][];
  names: string[];
  show: (name: string) => void;
}
const stage = <T>(page: Page, read: (stage: Stage) => T): Promise<T> => page.evaluate(`(${read.toString()})(window)`) as Promise<T>;

async function open(variant: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 460, height: 600 }, reducedMotion: 'reduce', ...options });
  const complaints: string[] = [];
  page.on('console', (message) => (message.type() === 'error' || message.type() === 'warning') && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${inject('stories').replace('dev.html', 'confirm-dev.html')}?variant=${variant}`);
  await page.waitForFunction(() => document.documentElement.dataset['ready'] === 'true');
  return { page, complaints };
}

const isReady = (page: Page) => page.locator('[data-testid=confirm][data-ready=true]').waitFor();

test('a payment is one sentence with who, how much, to whom and from which account, and the rest is told in full', async () => {
  const { page, complaints } = await open('withdraw');
  const sentence = (await page.getByTestId('confirm-sentence').innerText()).replace(/[\u2068\u2069]/g, '');
  expect(sentence).toBe('“Bill payer” wants to pay out ₦2,500.50 to the bank account 0123456789, from Ada Okafor.');
  for (const part of ['044', 'Rent', 'Fee']) await expect.poll(() => page.getByTestId('confirm').innerText()).toContain(part);
  expect(complaints).toEqual([]);
  await page.close();
});

test('a network is named, and a coin of the network’s own and a slippage are written as the language writes numbers', async () => {
  for (const [language, coin, slippage] of [['en', '0.5 of the network’s own coin', '0.5\u00a0%'], ['fr', '0,5 de la monnaie propre au réseau', '0,5\u202f%']] as const) {
    const { page } = await open(`swap&language=${language}`);
    const text = await page.getByTestId('confirm').innerText();
    for (const part of [coin, slippage, 'Ethereum (1)']) expect(text, language).toContain(part);
    await page.close();
  }
});

test('it is paid only after a second in sight, with a PIN, and by no Enter', async () => {
  const { page } = await open('send');
  const pay = page.getByTestId('confirm-allow');
  await page.getByTestId('confirm-pin').fill('1234');
  await pay.click({ force: true });
  expect(await stage(page, ({ answers }) => answers)).toEqual([]);
  await isReady(page);
  await page.getByTestId('confirm-pin').press('Enter');
  await pay.focus();
  await page.keyboard.press('Enter');
  expect(await stage(page, ({ answers }) => answers)).toEqual([]);
  await page.getByTestId('confirm-pin').fill('12');
  await pay.click({ force: true });
  expect(await stage(page, ({ answers }) => answers)).toEqual([]);
  await page.getByTestId('confirm-pin').fill('1234');
  await pay.focus();
  await page.keyboard.press('Space');
  await expect.poll(() => stage(page, ({ answers }) => answers)).toEqual([[1, true, '1234']]);
  expect(await page.getByTestId('confirm-pin').inputValue()).toBe('');
  await page.close();
});

test('another payment in its place begins its second anew and keeps no PIN', async () => {
  const { page } = await open('send');
  await page.getByTestId('confirm-pin').fill('1234');
  await isReady(page);
  await stage(page, ({ show }) => show('none'));
  await stage(page, ({ show }) => show('withdraw'));
  await page.locator('[data-testid=confirm][data-ready=false]').waitFor();
  expect(await page.getByTestId('confirm-pin').inputValue()).toBe('');
  await page.getByTestId('confirm-allow').click({ force: true });
  expect(await stage(page, ({ answers }) => answers)).toEqual([]);
  await page.close();
});

test('saying no is one press, at once, and hands on no PIN', async () => {
  const { page } = await open('again');
  await expect.poll(() => page.getByTestId('confirm-before').innerText()).toContain('once more');
  await page.getByTestId('confirm-pin').fill('1234');
  await page.getByTestId('confirm-deny').click();
  await expect.poll(() => stage(page, ({ answers }) => answers)).toEqual([[1, false, null]]);
  await page.close();
});

test.each(['light', 'dark'] as const)('in %s no payment has an accessibility fault or is wider than the window', async (colorScheme) => {
  const { page, complaints } = await open('send', { colorScheme, viewport: { width: 360, height: 480 } });
  await page.evaluate(source);
  const faults: Record<string, unknown> = {};
  for (const name of await stage(page, ({ names }) => names)) {
    await page.evaluate((variant) => (window as unknown as Stage).show(variant), name);
    const { violations } = await page.evaluate(() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (violations.length > 0 || wide > 0) faults[name] = [violations.map(({ id }) => id), wide];
  }
  expect(faults).toEqual({});
  expect(complaints).toEqual([]);
  await page.close();
});
