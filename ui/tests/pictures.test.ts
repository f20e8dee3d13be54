import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, show } from './browser';
import { differs, keep, RENEWS } from './pictures';
import { names, still } from './walk';

// Each state looks as it did when somebody last looked at it. After a change that is wanted: `UPDATE_PICTURES=1 npx vitest run tests/pictures.test.ts`,
// then look at what changed before it is committed.

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test('every state looks as in its picture', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce', colorScheme: 'light', timezoneId: 'UTC' });
  const found: Record<string, string[]> = {};
  for (const name of await names(page)) {
    await show(page, name);
    await still(page);
    if (RENEWS) await keep(page, name);
    const where = await differs(page, name);
    if (where.length > 0) found[name] = where;
  }
  expect(found, 'what was seen is in target/pictures').toEqual({});
  await page.close();
}, 400_000);

test('a picture is kept of nothing else', async () => {
  const { page } = await open(browser, '');
  const known = (await names(page)).map((name) => `${name}.webp`);
  expect(readdirSync(join(import.meta.dirname, 'pictures')).filter((file) => !known.includes(file))).toEqual([]);
  await page.close();
});

test('a button that is gone, a word that is another and a colour that is another are seen', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce', colorScheme: 'light', timezoneId: 'UTC' });
  const change = async (how: () => void): Promise<string[]> => {
    await show(page, 'account-full');
    await still(page);
    expect(await differs(page, 'account-full')).toEqual([]);
    await page.evaluate(how);
    return differs(page, 'account-full');
  };
  expect(await change(() => ((document.querySelector('[data-testid=rename]') as HTMLElement).style.visibility = 'hidden'))).not.toEqual([]);
  expect(await change(() => ((document.querySelector('main h1') as HTMLElement).textContent = 'Somebody Else'))).not.toEqual([]);
  expect(await change(() => document.documentElement.style.setProperty('--surface', '#ffe0e0'))).not.toEqual([]);
  await page.close();
});
