import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// Each size in each weight that a page shows is looked up among all fonts of the desktop once: WebKitGTK takes 2 ms for it, before the first picture.
// The largest, of a balance, goes with the width of its card.
const SIZES = ['0.8125rem', '0.875rem', '1rem', '1.375rem', 'clamp(1.25rem, 7.5cqi, 2rem)', 'inherit'];
const WEIGHTS = ['400', '600', 'inherit'];
const SOURCES = 'src';

test('texts have five sizes and two weights', () => {
  const found: string[] = [];
  let seen = 0;
  for (const name of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(svelte|css)$/.test(name) || name.startsWith('dev')) continue;
    for (const [rule, property, value] of readFileSync(join(SOURCES, name), 'utf8').matchAll(/\b(font-size|font-weight): ([^;]+);/g)) {
      seen++;
      if (!(property === 'font-size' ? SIZES : WEIGHTS).includes(value ?? '')) found.push(`${name}: ${rule}`);
    }
  }
  expect(seen).toBeGreaterThan(50);
  expect(found).toEqual([]);
});
