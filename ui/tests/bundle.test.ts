import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { beforeAll, expect, test, vi } from 'vitest';

const OUT = 'node_modules/.bundle';
let files: File[];
let withPanel: File[];

interface File {
  path: string;
  text: string;
}

beforeAll(async () => {
  // The test runner's own NODE_ENV makes Svelte compile for development: this looks at what the program carries.
  vi.stubEnv('NODE_ENV', 'production');
  files = await bundle('production');
  withPanel = await bundle('tester');
  vi.unstubAllEnvs();
});

async function bundle(mode: string): Promise<File[]> {
  const folder = join(OUT, mode);
  await build({ mode, logLevel: 'warn', build: { outDir: folder } });
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

test('the bundle carries nothing of the stories', () => {
  for (const { path, text } of files) expect(text, path).not.toMatch(/Ada Okafor|first-connection|does not happen elsewhere/);
});

test('the bundle needs nothing that the content policy forbids', () => {
  const page = files.find(({ path }) => path.endsWith('index.html'))?.text ?? '';
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/i);
  for (const { path, text } of files) {
    if (path.endsWith('.js')) expect(text, path).not.toMatch(/\beval\(|new Function\(|style="/);
    if (path.endsWith('.css')) expect(text, path).not.toMatch(/url\((?!['"]?#)|@import/);
  }
});

test('a release carries nothing of the tester’s panel', () => {
  const marks = /tester|Have it go wrong|Open Monei’s page as/i;
  expect(withPanel.filter(({ text }) => marks.test(text)).length).toBeGreaterThan(0);
  for (const { path, text } of files) expect(path + text, path).not.toMatch(marks);
});

test('what every start reads stays small, and the tester’s panel is not among it', () => {
  const size = (among: File[], panel: boolean) =>
    among.filter(({ path }) => /\.(js|css)$/.test(path) && path.includes('TesterPanel') === panel).reduce((sum, { text }) => sum + gzipSync(text).length, 0);
  // Compressed. Half of it are sentences, in two languages: each state of the keychain, the network and the service has its own.
  expect(size(files, false)).toBeLessThan(150_000);
  expect(size(withPanel, true)).toBeGreaterThan(0);
  expect(size(withPanel, true)).toBeLessThan(8_000);
});

test('scripts are ASCII alone, which the web view keeps in half the space', () => {
  for (const { path, text } of files.filter(({ path }) => path.endsWith('.js'))) expect(/[^\x00-\x7f]/.exec(text)?.[0], path).toBeUndefined();
});
