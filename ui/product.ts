import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** The name that stands in the sources. */
const OWN = 'Monei Connections';

/** The name that a packager set in `packaging/settings.toml`. `cargo xtask bundle` has checked what it is made of. */
export function productName(text = readFileSync(new URL('../packaging/settings.toml', import.meta.url), 'utf8')): string {
  const name = /^product_name = "([\p{L}\p{N} .-]+)"$/mu.exec(text)?.[1];
  if (name === undefined) throw new Error('packaging/settings.toml has no product_name');
  return name;
}

/** Puts it in place of the one in the sources: in scripts, texts and pages. */
export function product(name = productName()): Plugin {
  return {
    name: 'product-name',
    enforce: 'pre',
    transform: (code, id) => (name === OWN || id.includes('node_modules') || !code.includes(OWN) ? null : { code: code.replaceAll(OWN, name), map: null }),
    transformIndexHtml: { order: 'pre', handler: (page) => page.replaceAll(OWN, name) },
  };
}
