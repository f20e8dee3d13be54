import { source } from 'axe-core';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { launch, open, show } from './browser';

// Every screen in made-up languages (`src/dev/pseudo.ts`) and in French: nothing on it is English by oversight, put together from pieces, or cut off.

declare const axe: { run(options: RunOptions): Promise<AxeResults> };

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** The tester's panel is English, whatever the window speaks. */
const ENGLISH_ONLY = /^tester/;
const names = async (page: Page): Promise<string[]> => (await page.evaluate(() => window.stage.names)).filter((name) => !ENGLISH_ONLY.test(name));

/** Text that didn't come whole from the catalogue. Data is marked: `translate="no"`, or set apart by Unicode isolates. */
const unmarked = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const rest = (text: string): string => {
      let [before, left] = ['', text.replaceAll(/\u2068[^\u2068\u2069]*\u2069/g, '')];
      while (before !== left) [before, left] = [left, left.replaceAll(/⟦[^⟦⟧]*⟧/g, '')];
      return left.replaceAll(/\s+/g, '');
    };
    const wrong = (text: string): boolean => {
      const left = rest(text);
      return /\p{Script=Latin}/u.test(left) || (left !== '' && text.includes('⟦'));
    };
    const isData = (element: Element | null): boolean => element?.closest('[translate=no], script, style') != null;
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent ?? '';
      if (!isData(node.parentElement) && wrong(text)) found.push(text.trim());
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
      if (isData(element)) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
        const text = element.getAttribute(name) ?? '';
        if (wrong(text)) found.push(`${name}: ${text}`);
      }
    }
    if (wrong(document.title)) found.push(`title: ${document.title}`);
    return [...new Set(found)];
  });

/** Words that a box around them cuts off, or that reach out of their own box or the window. */
const cut = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const isForScreenReaders = (element: Element | null): boolean => element !== null && (getComputedStyle(element).clipPath === 'inset(50%)' || isForScreenReaders(element.parentElement));
    const found: string[] = [];
    const range = document.createRange();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      const own = node.parentElement;
      // Data may be shortened: its whole is in a title.
      if (text === '' || !own || own.closest('[translate=no], .visually-hidden, .skip, option, script, style') || !own.checkVisibility() || isForScreenReaders(own)) continue;
      const box = own.closest<HTMLElement>('button, a, td, th, li, p, dd, dt, label, summary, h1, h2, h3, div');
      if (box && getComputedStyle(box).display !== 'inline' && box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== 'auto') {
        found.push(`${text} (wider than its box)`);
        continue;
      }
      range.selectNodeContents(node);
      for (const { left, right, top, bottom } of range.getClientRects()) {
        let why = '';
        for (let around: HTMLElement | null = own; around; around = around.parentElement) {
          const { overflowX, overflowY } = getComputedStyle(around);
          const edge = around.getBoundingClientRect();
          if (overflowX === 'auto' || overflowX === 'scroll') break;
          if ((overflowX === 'hidden' || overflowX === 'clip') && (left < edge.left - 1 || right > edge.right + 1)) why = 'cut off at a side';
          if ((overflowY === 'hidden' || overflowY === 'clip') && (top < edge.top - 2 || bottom > edge.bottom + 2)) why = 'cut off above or below';
          if (around === document.body && (left < -1 || right > window.innerWidth + 1)) why = 'outside the window';
        }
        if (why) found.push(`${text} (${why})`);
      }
    }
    return [...new Set(found)];
  });

/** How far the page, or its scrolling parts, are wider than they should be. */
const tooWide = (page: Page): Promise<number> =>
  page.evaluate(() => Math.max(...[document.documentElement, ...document.querySelectorAll('main, .accounts, dialog[open]')].map((part) => part.scrollWidth - part.clientWidth)));

/** Each fault with the screens that have it. */
type Wrong = Record<string, string[]>;

/** Waits until the page has said the same for some frames: long lists are drawn over several. */
const still = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (let [said, frames] = ['', 0]; frames < 3; ) {
      await new Promise(requestAnimationFrame);
      const now = document.body.innerText;
      [said, frames] = now === said ? [said, frames + 1] : [now, 0];
    }
  });

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await page.evaluate((rules) => axe.run({ runOnly: rules, resultTypes: ['violations'] }), RULES);
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`);
}

async function faults(page: Page, marked: boolean, accessible: boolean): Promise<string[]> {
  const found = [...(marked ? await unmarked(page) : []), ...(accessible ? await violations(page) : [])];
  for (const width of [1280, 1000, 320]) {
    await page.setViewportSize({ width, height: 640 });
    const wide = await tooWide(page);
    if (wide > 0) found.push(`${width}: ${wide} px too wide`);
    found.push(...(await cut(page)).map((text) => `${width}: ${text}`));
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
    expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).toEqual([language, direction]);
    if (accessible) await page.evaluate(source);
    const wrong: Wrong = {};
    for (const name of await names(page)) {
      await show(page, name);
      for (const fault of await faults(page, marked, accessible)) (wrong[fault] ??= []).push(name);
    }
    await page.close();
    expect(wrong).toEqual({});
    expect(complaints).toEqual([]);
  }, 400_000);

  test('so it is in the window for confirming a payment', async () => {
    const page = await browser.newPage({ reducedMotion: 'reduce' });
    await page.goto(`${inject('stories').replace('dev.html', 'confirm-dev.html')}?variant=send&language=${language}`);
    await page.waitForFunction(() => document.documentElement.dataset['ready'] === 'true');
    if (accessible) await page.evaluate(source);
    const wrong: Wrong = {};
    for (const name of await page.evaluate(() => (window as unknown as { names: string[] }).names)) {
      await page.evaluate((name) => (window as unknown as { show: (name: string) => void }).show(name), name);
      for (const fault of await faults(page, marked, accessible)) (wrong[fault] ??= []).push(name);
    }
    await page.close();
    expect(wrong).toEqual({});
  });
});

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
    await page.evaluate(() => window.stage.speak('fr'));
    await still(page);
    if ((await page.evaluate(() => document.body.innerText)) !== opened) wrong.push(name);
  }
  await page.close();
  expect(wrong).toEqual([]);
}, 240_000);

test('the language is chosen in Settings, changes the page at once, and goes back to the desktop’s', async () => {
  const { page } = await open(browser, 'language=fr');
  await page.evaluate(() => window.stage.app.go({ kind: 'settings' }));
  const heading = () => page.locator('h1').innerText();
  expect(await heading()).toBe('Paramètres');
  await page.getByTestId('language-en').check();
  expect(await heading()).toBe('Settings');
  expect(await page.evaluate(() => [document.documentElement.lang, window.stage.app.view.preferences.language, document.activeElement?.getAttribute('value')])).toEqual(['en', 'en', 'en']);
  await page.getByTestId('language-system').check();
  expect(await heading()).toBe('Paramètres');
  await page.close();
});
