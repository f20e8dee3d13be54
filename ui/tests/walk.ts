// What is asked of every state of the window (`src/dev/variants.ts`): one look at the page for each rule, and the walk through all of them.
import { source, type AxeResults, type RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { show } from './browser';

declare const axe: { run(options: RunOptions): Promise<AxeResults> };

/** `cargo xtask test --all`: what takes many minutes, besides. */
export const EVERYTHING = process.env['MONEI_UI_TESTS'] === 'all';

/** Each fault with the states that have it. */
export type Wrong = Record<string, string[]>;

export const names = (page: Page): Promise<string[]> => page.evaluate(() => window.stage.names);

/** Shows each state and notes the faults that `look` finds there. */
export async function walk(page: Page, states: string[], look: (name: string) => Promise<{ rule: Wrong; faults: string[] }[]>): Promise<void> {
  for (const name of states) {
    await show(page, name);
    for (const { rule, faults } of await look(name)) for (const fault of faults) (rule[fault] ??= []).push(name);
  }
}

/** WCAG 2.2 AA, and what is good practice besides. */
export const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Those of them that look at colours: the others find the same in every colour scheme. */
export const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/** In high contrast, 7 to 1: axe's rule for that passes what is below 4.5 to 1, since the other one finds it. */
export const OF_HIGH_CONTRAST = [...OF_COLOURS, 'color-contrast-enhanced'];

export const loadAxe = (page: Page): Promise<unknown> => page.evaluate(source);

/** Accessibility faults of the page as it is now, by sets of rules (`RULES`) or by single rules. */
export async function violations(page: Page, by: 'tag' | 'rule' = 'tag', values: string[] = RULES): Promise<string[]> {
  const { violations: found } = await page.evaluate((runOnly) => axe.run({ runOnly, resultTypes: ['violations'] }), { type: by, values });
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`);
}

/** How far the page, or its scrolling parts, are wider than they should be; and controls of which a part is outside the window, or whose words are cut off. */
export const doesNotFit = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const wide = Math.max(...[document.documentElement, ...document.querySelectorAll('main, .accounts, dialog[open]')].map((part) => part.scrollWidth - part.clientWidth));
    const clipped = [...document.querySelectorAll<HTMLElement>('button, input, select, a, summary')]
      .filter((control) => control.checkVisibility() && !control.matches('.skip, .visually-hidden'))
      .filter((control) => {
        const { left, right } = control.getBoundingClientRect();
        const wordsCut = !control.matches('input, select') && control.scrollWidth > control.clientWidth + 1;
        return left < -0.5 || right > window.innerWidth + 0.5 || wordsCut;
      })
      .map((control) => `${control.dataset['testid'] ?? control.innerText} is cut off`);
    return [...(wide > 0 ? [`${wide} px too wide`] : []), ...clipped];
  });

/** Text that didn't come whole from the catalogue. Data is marked: `translate="no"`, or set apart by Unicode isolates. */
export const unmarked = (page: Page): Promise<string[]> =>
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
export const cut = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    interface Looked {
      style: CSSStyleDeclaration;
      edge: DOMRect;
      forScreenReaders: boolean;
    }
    // Each element is looked at once, however many words it is around.
    const looked = new Map<Element, Looked>();
    const look = (element: Element): Looked => {
      const known = looked.get(element);
      if (known) return known;
      const style = getComputedStyle(element);
      const parent = element.parentElement;
      const found = { style, edge: element.getBoundingClientRect(), forScreenReaders: style.clipPath === 'inset(50%)' || (parent !== null && look(parent).forScreenReaders) };
      looked.set(element, found);
      return found;
    };
    const found: string[] = [];
    const range = document.createRange();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      const own = node.parentElement;
      // Data may be shortened: its whole is in a title.
      if (text === '' || !own || own.closest('[translate=no], .visually-hidden, .skip, option, script, style') || !own.checkVisibility() || look(own).forScreenReaders) continue;
      const box = own.closest<HTMLElement>('button, a, td, th, li, p, dd, dt, label, summary, h1, h2, h3, div');
      if (box && box.scrollWidth > box.clientWidth + 1 && look(box).style.display !== 'inline' && look(box).style.overflowX !== 'auto') {
        found.push(`${text} (wider than its box)`);
        continue;
      }
      range.selectNodeContents(node);
      for (const { left, right, top, bottom } of range.getClientRects()) {
        let why = '';
        for (let around: HTMLElement | null = own; around; around = around.parentElement) {
          const { style, edge } = look(around);
          const { overflowX, overflowY } = style;
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

/** Waits until the page has said the same for some frames: long lists are drawn over several. */
export const still = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (let [said, frames] = ['', 0]; frames < 3; ) {
      await new Promise(requestAnimationFrame);
      const now = document.body.innerText;
      [said, frames] = now === said ? [said, frames + 1] : [now, 0];
    }
  });
