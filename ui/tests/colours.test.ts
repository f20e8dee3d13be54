import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, open, show } from './browser';
import { EVERYTHING, loadAxe, names, OF_COLOURS, OF_HIGH_CONTRAST, RULES, violations, walk, type Wrong } from './walk';

// Accessibility and contrast of every state: in light and dark, and in both as the desktop's high contrast has them.

let browser: Browser;
const [light, dark, contrastInLight, contrastInDark]: [Wrong, Wrong, Wrong, Wrong] = [{}, {}, {}, {}];
let complaints: string[];

beforeAll(async () => {
  browser = await launch();
  const opened = await open(browser, '', { colorScheme: 'light', reducedMotion: 'reduce' });
  const { page } = opened;
  ({ complaints } = opened);
  await loadAxe(page);
  await walk(page, await names(page), async () => {
    await page.emulateMedia({ colorScheme: 'light', contrast: 'no-preference' });
    const inLight = await violations(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    const inDark = await violations(page, 'rule', OF_COLOURS);
    await page.emulateMedia({ contrast: 'more' });
    const inDarkContrast = await violations(page, 'rule', OF_HIGH_CONTRAST);
    await page.emulateMedia({ colorScheme: 'light' });
    const inLightContrast = await violations(page, 'rule', OF_HIGH_CONTRAST);
    return [
      { rule: light, faults: inLight },
      { rule: dark, faults: inDark },
      { rule: contrastInDark, faults: inDarkContrast },
      { rule: contrastInLight, faults: inLightContrast },
    ];
  });
  await page.close();
}, 400_000);
afterAll(() => browser.close());

test('no state has an accessibility fault', () => expect(light).toEqual({}));

test('no state has too little contrast in the dark', () => expect(dark).toEqual({}));

test('in high contrast every text has a contrast of 7 to 1 at least, in light and dark', () => {
  expect(contrastInLight).toEqual({});
  expect(contrastInDark).toEqual({});
});

test('the content policy blocks nothing', () => expect(complaints).toEqual([]));

test.each(['light', 'dark'] as const)('in %s high contrast what has an edge has a visible one', async (colorScheme) => {
  const { page } = await open(browser, '', { colorScheme, contrast: 'more', reducedMotion: 'reduce' });
  await show(page, 'account-full');
  const [ground, edge] = await page.locator('.card').first().evaluate((card) => [getComputedStyle(document.body).backgroundColor, getComputedStyle(card).borderColor]);
  await page.close();
  expect([ground, edge]).toEqual(colorScheme === 'light' ? ['rgb(255, 255, 255)', 'rgb(0, 0, 0)'] : ['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
});

// A browser's zoom makes the page's pixels larger and fewer. The default window at 100, 200 and 400 %.
describe.each(EVERYTHING ? [100, 200, 400] : [])('at a zoom of %i per cent', (zoom) => {
  test.each([
    ['light', 'no-preference'],
    ['dark', 'no-preference'],
    ['light', 'more'],
    ['dark', 'more'],
  ] as const)('no state has an accessibility fault in %s with contrast: %s', async (colorScheme, contrast) => {
    const viewport = { width: (1280 / zoom) * 100, height: Math.round((960 / zoom) * 100) };
    const { page } = await open(browser, '', { colorScheme, contrast, reducedMotion: 'reduce', viewport, deviceScaleFactor: zoom / 100 });
    await loadAxe(page);
    const rule: Wrong = {};
    const enhanced = contrast === 'more' ? OF_HIGH_CONTRAST : [];
    await walk(page, await names(page), async () => [
      { rule, faults: await violations(page, 'tag', RULES) },
      { rule, faults: enhanced.length > 0 ? await violations(page, 'rule', enhanced) : [] },
    ]);
    await page.close();
    expect(rule).toEqual({});
  }, 900_000);
});
