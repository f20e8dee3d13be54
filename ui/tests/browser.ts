import { chromium, type Browser, type Page } from 'playwright-core';
import { inject } from 'vitest';
import type { DevStage } from '../src/dev/main';

declare global {
  interface Window {
    stage: DevStage;
  }
}

/** A connection to the one Chromium of this run. Closing it closes the pages that it opened. */
export const launch = (): Promise<Browser> => chromium.connect(inject('browser'));

/** Opens the stories page; whatever the browser complains about (the content policy, an exception) fails the test that looks at `complaints`. */
export async function open(browser: Browser, query: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1080, height: 720 }, ...options });
  const complaints: string[] = [];
  page.on('console', (message) => (message.type() === 'error' || message.type() === 'warning') && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  // As in the desktop program (`freezePrototype`).
  await page.addInitScript(() => Object.freeze(Object.prototype));
  await page.goto(`${inject('stories')}?${query}`);
  await page.waitForFunction(() => document.documentElement.dataset['ready'] === 'true' && 'stage' in window);
  return { page, complaints };
}

/** Shows a state, with what the page draws and fetches once it has appeared (`App.afterPaint`). */
export const show = (page: Page, variant: string): Promise<void> =>
  page.evaluate(async (name) => {
    await window.stage.show(name);
    for (let frame = 0; frame < 4; frame += 1) await new Promise(requestAnimationFrame);
  }, variant);
