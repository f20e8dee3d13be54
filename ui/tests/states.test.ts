import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';
import { doesNotFit, EVERYTHING, names, walk, type Wrong } from './walk';

// What every state has and lacks, and that it fits into windows from 320 pixels to a large screen. Colours are in `colours.test.ts`.

/** The narrowest window; the smallest that is allowed; the default one at 200 %; a small panel at 200 %; a large screen. */
const SIZES = [[320, 256], [360, 260], [540, 360], [614, 345], [3840, 2160]] as const;
const MORE_SIZES = [[360, 480], [720, 520], [1080, 720], [1280, 800], [1920, 1080]] as const;

let browser: Browser;
const found: Record<'fits' | 'headings' | 'handles' | 'nonsense' | 'banner' | 'motion', Wrong> = { fits: {}, headings: {}, handles: {}, nonsense: {}, banner: {}, motion: {} };

beforeAll(async () => {
  browser = await launch();
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await walk(page, await names(page), async () => {
    const { headings, banners, sandbox, handles, moving, text } = await page.evaluate(() => ({
      headings: document.querySelectorAll('main h1').length,
      banners: document.querySelectorAll('[data-testid=sandbox-banner]').length,
      sandbox: window.stage.app.view.environment === 'sandbox',
      handles: window.stage.app.view.accounts.map((account) => account.id.toLowerCase()),
      moving: document.getAnimations().length,
      text: document.body.innerText.toLowerCase(),
    }));
    const fits: string[] = [];
    for (const [width, height] of EVERYTHING ? [...SIZES, ...MORE_SIZES] : SIZES) {
      await page.setViewportSize({ width, height });
      fits.push(...(await doesNotFit(page)).map((fault) => `${width} × ${height}: ${fault}`));
    }
    return [
      { rule: found.headings, faults: headings === 1 ? [] : [`${headings} headings of the first level in main`] },
      { rule: found.banner, faults: banners === (sandbox ? 1 : 0) ? [] : [`${banners} banners`] },
      { rule: found.handles, faults: handles.filter((handle) => text.includes(handle)) },
      { rule: found.nonsense, faults: text.match(/undefined|\[object|nan\b/g) ?? [] },
      { rule: found.motion, faults: moving === 0 ? [] : [`${moving} animations`] },
      { rule: found.fits, faults: fits },
    ];
  });
  await page.close();
}, 400_000);
afterAll(() => browser.close());

test('no state needs sideways scrolling or has a control cut off, from 320 pixels to a large screen', () => expect(found.fits).toEqual({}));

test('every state has one heading of the first level and a main landmark', () => expect(found.headings).toEqual({}));

test('none shows an internal handle', () => expect(found.handles).toEqual({}));

test('none shows what a program leaves where a text is missing', () => expect(found.nonsense).toEqual({}));

test('the sandbox banner stands in every state of the sandbox, and in no other', () => expect(found.banner).toEqual({}));

test('nothing moves where the person wants no motion', async () => {
  expect(found.motion).toEqual({});
  const { page } = await open(browser, '');
  await show(page, 'account-loading');
  await expect.poll(() => page.evaluate(() => document.getAnimations().length)).toBeGreaterThan(0);
  await page.close();
});

test('markup from elsewhere stays text', async () => {
  const { page, complaints } = await open(browser, '');
  await show(page, 'account-hostile');
  await page.getByTestId('section-wallet').and(page.locator('[data-state=ready]')).waitFor();
  expect(await page.locator('main img, main b, main script').count()).toBe(0);
  await expect.poll(() => page.locator('h1').innerText()).toContain('<img src=x onerror=alert(1)>');
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
  await expect.poll(() => page.locator('[data-testid^=section-]').count()).toBe(0);
  await show(page, 'account-rests');
  await expect.poll(() => page.locator('[data-testid^=section-]').count()).toBe(0);
  await page.close();
});
