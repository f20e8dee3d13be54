import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import type { TestProject } from 'vitest/node';
import { build } from 'vite';

/** The policy of the desktop program's web view (plus what a browser asks of a page served over HTTP). */
const CSP = "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none'";
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

declare module 'vitest' {
  interface ProvidedContext {
    stories: string;
  }
}

/** Builds the stories page as the bundle is built, and serves it under the program's own policy on a port of the kernel's choice. */
export default async function setup(project: TestProject): Promise<() => void> {
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
    response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP });
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  project.provide('stories', `http://127.0.0.1:${address.port}/dev.html`);
  return () => server.close();
}
