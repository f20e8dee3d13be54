import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { build } from 'vite';

/** The policy of the desktop program's web view (plus what a browser asks of a page served over HTTP). */
const CSP = "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none'";
/** The gallery shows other pages in frames, as no page of the program does, and sizes them. */
const FRAMING = CSP.replace("frame-src 'none'", "frame-src 'self'");
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of `dev.html`. */
    stories: string;
    /** Where the run's browser is. */
    browser: string;
  }
}

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
/** The fonts of the Debian package `fonts-dejavu-core` alone, without hinting: words are as wide, and pictures the same, whatever else is installed. */
const FONTS = resolve('tests/fonts.conf');
const DEJAVU = '/usr/share/fonts/truetype/dejavu';

/** Builds the stories page as the bundle is built, serves it under the program's own policy on a port of the kernel's choice, and starts the browser. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!existsSync(`${DEJAVU}/DejaVuSans.ttf`)) throw new Error(`${DEJAVU} is missing: install the fonts of Debian's fonts-dejavu-core there`);
  await build({ mode: 'stories', logLevel: 'warn' });
  const root = 'node_modules/.stories';
  const server = createServer((request, response) => {
    const path = join(root, normalize(new URL(request.url ?? '/', 'http://localhost').pathname));
    if (request.url === '/favicon.ico') {
      response.writeHead(204).end();
      return;
    }
    if (!existsSync(path) || !statSync(path).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream', 'Content-Security-Policy': path.endsWith('gallery.html') ? FRAMING : CSP });
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  project.provide('stories', `http://127.0.0.1:${address.port}/dev.html`);
  const browser = await chromium.launchServer({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    headless: true,
    args: FLAGS,
    env: { ...process.env, FONTCONFIG_FILE: FONTS },
  });
  project.provide('browser', browser.wsEndpoint());
  return async () => {
    await browser.close();
    server.close();
  };
}
