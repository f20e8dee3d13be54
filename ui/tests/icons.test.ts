import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile } from 'svelte/compiler';
import type { Component } from 'svelte';
import { render } from 'svelte/server';
import { expect, test } from 'vitest';
import { iconComponent } from '../icons.ts';

const ICONS = 'node_modules/@lucide/svelte/dist/icons';
const OUT = 'node_modules/.icons';
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.svelte'))
  .map((path) => ({ path, text: readFileSync(join('src', path), 'utf8') }));
const imports = sources.flatMap(({ path, text }) => [...text.matchAll(/import (\w+) from '@lucide\/svelte\/icons\/([a-z0-9-]+)'/g)].map(([, local = '', icon = '']) => ({ path, text, local, icon })));
const used = [...new Set(imports.map(({ icon }) => icon))];

/** Each tag of some markup with its attributes, whatever their order. The one class that Lucide gives to all counts for nothing. */
const tags = (markup: string) =>
  [...markup.matchAll(/<(\w+)((?: [\w:-]+="[^"]*")*)/g)].map(([, tag, attributes = '']) => [
    tag,
    ...[...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)]
      .map(([, name, value = '']) => `${name}=${name === 'class' ? value.split(/\s+/).filter((word) => word && word !== 'lucide-icon' && !word.startsWith('svelte-')).toSorted().join(' ') : value}`)
      .toSorted(),
  ]);

test('an icon is drawn as Lucide draws it', async () => {
  expect(used.length).toBeGreaterThan(40);
  mkdirSync(OUT, { recursive: true });
  for (const icon of used) {
    // An older name leads to the present one.
    const [, file = ''] = /export \{ default \} from "\.\/(.+\.svelte)"/.exec(readFileSync(join(ICONS, `${icon}.js`), 'utf8')) ?? [];
    const path = join(ICONS, file);
    const theirs = ((await import(/* @vite-ignore */ resolve(path))) as { default: Component<Record<string, unknown>> }).default;
    const compiled = resolve(OUT, `${icon}.mjs`);
    writeFileSync(compiled, compile(iconComponent(readFileSync(path, 'utf8')), { generate: 'server', filename: `${icon}.svelte` }).js.code);
    const ours = ((await import(/* @vite-ignore */ pathToFileURL(compiled).href)) as { default: Component<Record<string, unknown>> }).default;
    for (const props of [{}, { size: 15 }, { size: 26, class: 'turning' }]) {
      expect(tags(render(ours, { props }).body), icon).toEqual(tags(render(theirs, { props }).body));
    }
  }
});

test('nothing asks an icon for more than its size and a class', () => {
  let uses = 0;
  for (const { path, text, local } of imports) {
    for (const [use, attributes = ''] of text.matchAll(new RegExp(`<${local}((?:\\s+[\\w:-]+=(?:"[^"]*"|\\{[^}]*\\})|\\s+\\{\\w+\\})*)\\s*/>`, 'g'))) {
      uses += 1;
      const names = [...attributes.matchAll(/(?:^|\s)(?:\{(\w+)\}|([\w:-]+)=)/g)].map(([, short, name]) => short ?? name);
      expect(names.filter((name) => !['size', 'class', 'aria-hidden'].includes(name ?? '')), `${path}: ${use}`).toEqual([]);
    }
  }
  expect(uses).toBeGreaterThan(50);
});
