import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { product, productName } from '../product';

test('the name that a packager set stands in every page and text of the window', async () => {
  const built = (await build({ configFile: false, logLevel: 'silent', plugins: [product('Purse 2'), svelte()], build: { write: false, rolldownOptions: { input: ['index.html', 'confirm.html'] } } })) as Rolldown.RolldownOutput;
  const all = built.output.map((file) => String(file.type === 'chunk' ? file.code : file.source)).join('\n');
  expect(all).not.toContain('Monei Connections');
  for (const text of ['<title>Purse 2</title>', 'Welcome to Purse 2', 'Bienvenue dans Purse 2', 'Purse 2 is also open elsewhere']) expect(all).toContain(text);
}, 240_000);

test('the name is read from the packager’s file', () => {
  expect(productName()).toBe(/product_name = "(.*)"/.exec(readFileSync('../packaging/settings.toml', 'utf8'))?.[1]);
  expect(productName('# a\nproduct_name = "Purse 2"\nidentifier = "a.b"\n')).toBe('Purse 2');
  expect(() => productName('product_name = "a\\"b"')).toThrow();
});
