import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';
import { doesNotFit, loadAxe, OF_COLOURS, OF_HIGH_CONTRAST, violations } from './walk';

// What is asked of every state finds what it is there to find.

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test('words nearly in the colour of their ground, in each of the looks', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await loadAxe(page);
  await show(page, 'account-full');
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const contrast of ['no-preference', 'more'] as const) {
      await page.emulateMedia({ colorScheme, contrast });
      await page.evaluate(() => ((document.querySelector('h1') as HTMLElement).style.color = 'rgb(128 128 128 / 40%)'));
      expect((await violations(page, 'rule', contrast === 'more' ? OF_HIGH_CONTRAST : OF_COLOURS)).length, `${colorScheme}, ${contrast}`).toBeGreaterThan(0);
    }
  }
  await page.close();
});

test('what is too wide or cut off is found', async () => {
  const { page } = await open(browser, '', { viewport: { width: 320, height: 480 }, reducedMotion: 'reduce' });
  await show(page, 'settings');
  expect(await doesNotFit(page)).toEqual([]);
  await page.evaluate(() => ((document.querySelector('main button') as HTMLElement).style.minWidth = '400px'));
  expect((await doesNotFit(page)).join()).toMatch(/px too wide.*is cut off/);
  await page.close();
});
