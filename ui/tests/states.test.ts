import { source } from 'axe-core';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, open, show } from './browser';

declare const axe: { run(options: RunOptions): Promise<AxeResults> };

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function violations(page: Page, runOnly: string[] = RULES): Promise<string[]> {
  const { violations: found } = await page.evaluate((rules) => axe.run({ runOnly: rules, resultTypes: ['violations'] }), runOnly);
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`);
}

/** How far the page, or its scrolling parts, are wider than they should be. */
const tooWide = (page: Page): Promise<number> =>
  page.evaluate(() =>
    Math.max(...[document.documentElement, ...document.querySelectorAll('main, .accounts, dialog[open]')].map((part) => part.scrollWidth - part.clientWidth)),
  );

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test('no state has an accessibility fault, and the content policy blocks nothing', async () => {
    const { page, complaints } = await open(browser, '', { colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(source);
    const faults: Record<string, string[]> = {};
    for (const name of await page.evaluate(() => window.stage.names)) {
      await show(page, name);
      const found = await violations(page);
      if (found.length > 0) faults[name] = found;
    }
    await page.close();
    expect(faults).toEqual({});
    expect(complaints).toEqual([]);
  }, 240_000);
});

describe.each(['light', 'dark'] as const)('in %s with high contrast', (colorScheme) => {
  test('every text has a contrast of 7 to 1 at least', async () => {
    const { page } = await open(browser, '', { colorScheme, contrast: 'more', reducedMotion: 'reduce' });
    await page.evaluate(source);
    const faults: Record<string, string[]> = {};
    for (const name of await page.evaluate(() => window.stage.names)) {
      await show(page, name);
      const found = await violations(page, ['color-contrast-enhanced']);
      if (found.length > 0) faults[name] = found;
    }
    await page.close();
    expect(faults).toEqual({});
  }, 240_000);

  test('what has an edge has a visible one', async () => {
    const { page } = await open(browser, '', { colorScheme, contrast: 'more', reducedMotion: 'reduce' });
    await show(page, 'account-full');
    const [ground, edge] = await page.locator('.card').first().evaluate((card) => [getComputedStyle(document.body).backgroundColor, getComputedStyle(card).borderColor]);
    await page.close();
    expect([ground, edge]).toEqual(colorScheme === 'light' ? ['rgb(255, 255, 255)', 'rgb(0, 0, 0)'] : ['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
  });
});

/** Controls of which a part is outside the window, or whose words are cut off, by their test id or words. */
const clipped = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, input, select, a, summary')]
      .filter((control) => control.checkVisibility() && !control.matches('.skip, .visually-hidden'))
      .filter((control) => {
        const { left, right } = control.getBoundingClientRect();
        const wordsCut = !control.matches('input, select') && control.scrollWidth > control.clientWidth + 1;
        return left < -0.5 || right > window.innerWidth + 0.5 || wordsCut;
      })
      .map((control) => control.dataset['testid'] ?? control.innerText),
  );

test.each([
  [360, 480],
  [360, 320],
])('no control is cut off at %i × %i', async (width, height) => {
  const { page } = await open(browser, '', { viewport: { width, height }, reducedMotion: 'reduce' });
  const cut: Record<string, string[]> = {};
  for (const name of await page.evaluate(() => window.stage.names)) {
    await show(page, name);
    const found = await clipped(page);
    if (found.length > 0) cut[name] = found;
  }
  await page.close();
  expect(cut).toEqual({});
});

// A small panel at 200 %; the default window at 200 %; the smallest window, and shorter.
test.each([
  [614, 345],
  [540, 360],
  [360, 480],
  [360, 260],
])('no state needs sideways scrolling at %i × %i', async (width, height) => {
  const { page } = await open(browser, '', { viewport: { width, height }, reducedMotion: 'reduce' });
  const wide: Record<string, number> = {};
  for (const name of await page.evaluate(() => window.stage.names)) {
    await show(page, name);
    const excess = await tooWide(page);
    if (excess > 0) wide[name] = excess;
  }
  await page.close();
  expect(wide).toEqual({});
});

test('every state has one heading of the first level and a main landmark, and none shows an internal handle', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  const handles = await page.evaluate(() => window.stage.app.view.accounts.map((account) => account.id));
  for (const name of await page.evaluate(() => window.stage.names)) {
    await show(page, name);
    expect(await page.locator('main h1').count(), name).toBe(1);
    const text = (await page.locator('body').innerText()).toLowerCase();
    for (const handle of handles) expect(text, name).not.toContain(handle.toLowerCase());
    expect(text, name).not.toMatch(/undefined|\[object|nan\b/);
  }
  await page.close();
});

test('the sandbox banner stands in every state of the sandbox', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  for (const name of await page.evaluate(() => window.stage.names)) {
    await show(page, name);
    const expected = (await page.evaluate(() => window.stage.app.view.environment)) === 'sandbox' ? 1 : 0;
    expect(await page.getByTestId('sandbox-banner').count(), name).toBe(expected);
  }
  await page.close();
});

test('markup from elsewhere stays text', async () => {
  const { page, complaints } = await open(browser, '');
  await show(page, 'account-hostile');
  await page.getByTestId('section-wallet').and(page.locator('[data-state=ready]')).waitFor();
  expect(await page.locator('main img, main b, main script').count()).toBe(0);
  expect(await page.locator('h1').innerText()).toContain('<img src=x onerror=alert(1)>');
  await show(page, 'stage-decide-hostile');
  expect(await page.locator('main img').count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.close();
});

test('loading holds the place of what comes: nothing above the list of transactions moves', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  const place = async () => Promise.all(['profile', 'kyc'].map(async (section) => (await page.getByTestId(`section-${section}`).boundingBox())?.y));
  await show(page, 'account-loading');
  const before = await place();
  await show(page, 'account-full');
  await page.getByTestId('section-kyc').and(page.locator('[data-state=ready]')).waitFor();
  expect(await place()).toEqual(before);
  await page.close();
});

test('sections of features that are not enabled are not there, and are not fetched', async () => {
  const { page } = await open(browser, '');
  await show(page, 'account-nothing');
  expect(await page.locator('[data-testid^=section-]').count()).toBe(0);
  await show(page, 'account-rests');
  expect(await page.locator('[data-testid^=section-]').count()).toBe(0);
  await page.close();
});
