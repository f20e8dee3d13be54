import type { Browser, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launch, open } from './browser';
import { names } from './walk';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

async function gallery(hash = ''): Promise<{ page: Page; frame: FrameLocator; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const complaints: string[] = [];
  page.on('console', (message) => (message.type() === 'error' || message.type() === 'warning') && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${inject('stories').replace('dev.html', 'gallery.html')}${hash}`);
  await page.locator('iframe').first().waitFor();
  return { page, frame: page.frameLocator('iframe').first(), complaints };
}

test('the gallery lists exactly the states that the tests look at', async () => {
  const { page: stories } = await open(browser, '');
  const known = await names(stories);
  await stories.close();
  const confirm = await browser.newPage();
  await confirm.goto(inject('stories').replace('dev.html', 'confirm-dev.html'));
  await confirm.waitForFunction(() => document.documentElement.dataset['ready'] === 'true');
  const payments = await confirm.evaluate(() => (window as unknown as { names: string[] }).names);
  await confirm.close();
  const { page } = await gallery();
  const listed = await page.locator('[data-state]').evaluateAll((buttons) => buttons.map((button) => button.getAttribute('data-state')));
  expect(listed.toSorted()).toEqual([...known, ...payments.map((name) => `confirm/${name}`)].toSorted());
  await page.close();
});

test('a state is shown as it was chosen to be looked at, and a link leads there again', async () => {
  const { page, frame, complaints } = await gallery();
  await page.locator('[data-state=settings]').click();
  await page.getByTestId('theme').selectOption('dark');
  await page.getByTestId('contrast').selectOption('more');
  await page.getByTestId('language').selectOption('fr');
  await page.getByTestId('width').selectOption('320');
  // Each choice loads the frame anew: one look that meets this fails soon, and the next one is taken.
  const seen = (frame: FrameLocator) =>
    frame.locator('body').evaluate(
      (body) => [body.querySelector('h1')?.textContent, getComputedStyle(body).backgroundColor, window.innerWidth, document.documentElement.lang].join(' '),
      undefined,
      { timeout: 2_000 },
    );
  const chosen = 'Paramètres rgb(0, 0, 0) 320 fr';
  await expect.poll(() => seen(frame)).toBe(chosen);
  const { page: again, frame: sameFrame } = await gallery(new URL(page.url()).hash);
  await expect.poll(() => again.getByTestId('name').innerText()).toBe('settings');
  await expect.poll(() => seen(sameFrame)).toBe(chosen);
  expect(complaints).toEqual([]);
  await again.close();
  await page.close();
});

test('a state is seen in every look at once, and all of its screen together', async () => {
  const { page } = await gallery('#state=confirm/send&view=looks');
  await expect.poll(() => page.locator('iframe').count()).toBe(9);
  await page.frameLocator('iframe >> nth=1').getByTestId('confirm').waitFor();
  await page.getByTestId('view').selectOption('screen');
  await expect.poll(() => page.locator('iframe').count()).toBe(await page.locator('[data-state^="confirm/"]').count());
  // While the frames come up, each of which takes the focus when it is looked at alone.
  await page.getByTestId('find').focus();
  for (const letter of 'overview') {
    await page.keyboard.type(letter);
    await page.waitForTimeout(100);
  }
  await expect.poll(() => page.locator('[data-state="confirm/send"]').count()).toBe(0);
  await expect.poll(() => page.locator('[data-state="overview-many"]').count()).toBe(1);
  await page.close();
});
