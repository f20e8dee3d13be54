import { chromium } from 'playwright-core';
const [w, h, ...variants] = process.argv.slice(2);
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'], env: { ...process.env, FONTCONFIG_FILE: new URL('tests/fonts.conf', import.meta.url).pathname } });
for (const v of variants) {
  const p = await b.newPage({ viewport: { width: +w, height: +h }, deviceScaleFactor: 2, reducedMotion: 'reduce' });
  await p.goto('http://127.0.0.1:8731/dev.html');
  await p.waitForFunction(() => document.documentElement.dataset.ready === 'true' && 'stage' in window);
  await p.evaluate(async (v) => { await window.stage.show(v); for (let i = 0; i < 6; i++) await new Promise(requestAnimationFrame); }, v);
  await p.waitForTimeout(400);
  await p.screenshot({ path: `/tmp/z-${v}.png` });
  await p.close();
}
await b.close();
