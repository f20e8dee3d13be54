import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { launch, open } from './browser';
import { cut, doesNotFit, EVERYTHING, loadAxe, names, unmarked, violations, walk, type Wrong } from './walk';

// Every screen in made-up languages (`src/dev/pseudo.ts`) and in French: nothing on it is English by oversight, put together from pieces, or cut off.

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** The tester's panel is English, whatever the window speaks. */
const ENGLISH_ONLY = /^tester/;
const translated = async (page: Page): Promise<string[]> => (await names(page)).filter((name) => !ENGLISH_ONLY.test(name));

/** With both sides beside each other, and the narrowest window; the default window in between adds little. */
const WIDTHS = EVERYTHING ? [1280, 1000, 720, 320] : [1000, 320];

async function faults(page: Page, marked: boolean, accessible: boolean): Promise<string[]> {
  const found = [...(marked ? await unmarked(page) : []), ...(accessible ? await violations(page) : [])];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 640 });
    found.push(...[...(await doesNotFit(page)), ...(await cut(page))].map((fault) => `${width}: ${fault}`));
  }
  return found;
}

describe.each([
  ['en-XA', 'ltr', true, false],
  ['en-XB', 'rtl', true, true],
  ['fr', 'ltr', false, false],
] as const)('in %s', (language, direction, marked, accessible) => {
  test('every word of every screen comes whole from the catalogue, and none is cut off', async () => {
    const { page, complaints } = await open(browser, `language=${language}`, { reducedMotion: 'reduce' });
    await expect.poll(() => page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).toEqual([language, direction]);
    if (accessible) await loadAxe(page);
    const rule: Wrong = {};
    await walk(page, await translated(page), async () => [{ rule, faults: await faults(page, marked, accessible) }]);
    await page.close();
    expect(rule).toEqual({});
    expect(complaints).toEqual([]);
  }, 400_000);

  test('so it is in the window for confirming a payment', async () => {
    const page = await browser.newPage({ reducedMotion: 'reduce' });
    await page.goto(`${inject('stories').replace('dev.html', 'confirm-dev.html')}?variant=send&language=${language}`);
    await page.waitForFunction(() => document.documentElement.dataset['ready'] === 'true');
    if (accessible) await loadAxe(page);
    const wrong: Wrong = {};
    for (const name of await page.evaluate(() => (window as unknown as { names: string[] }).names)) {
      await page.evaluate((name) => (window as unknown as { show: (name: string) => void }).show(name), name);
      for (const fault of await faults(page, marked, accessible)) (wrong[fault] ??= []).push(name);
    }
    await page.close();
    expect(wrong).toEqual({});
  });
});

test('the language is chosen in Settings, changes the page at once, and goes back to the desktop’s', async () => {
  const { page } = await open(browser, 'language=fr');
  await page.evaluate(() => window.stage.app.go({ kind: 'settings' }));
  const heading = () => page.locator('h1').innerText();
  await expect.poll(() => heading()).toBe('Paramètres');
  await page.getByTestId('language-en').check();
  await expect.poll(() => heading()).toBe('Settings');
  await expect.poll(() => page.evaluate(() => [document.documentElement.lang, window.stage.app.view.preferences.language, document.activeElement?.getAttribute('value')])).toEqual(['en', 'en', 'en']);
  await page.getByTestId('language-system').check();
  await expect.poll(() => heading()).toBe('Paramètres');
  await page.close();
});
