import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';
import { names, still } from './walk';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test('a page that is open follows the language at once: it says what it says when it is opened in that language', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  const wrong: string[] = [];
  for (const name of await names(page)) {
    await page.evaluate(() => window.stage.speak('fr'));
    await show(page, name);
    await still(page);
    const opened = await page.evaluate(() => document.body.innerText);
    await page.evaluate(() => window.stage.speak('en'));
    await show(page, name);
    // Spoken to while it is still drawing, too.
    await page.evaluate(() => window.stage.speak('fr'));
    const follows = await page.evaluate(async (opened) => {
      for (let frames = 0; document.body.innerText !== opened && frames < 60; frames += 1) await new Promise(requestAnimationFrame);
      return document.body.innerText === opened;
    }, opened);
    if (!follows) wrong.push(name);
  }
  await page.close();
  expect(wrong).toEqual([]);
}, 240_000);
