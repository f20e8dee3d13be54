import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UpdateState, UpdateView } from '../src/lib/bindings';
import { launch, open, show } from './browser';
import { loadAxe, violations } from './walk';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const OFFER = { version: '0.3.0', notes: 'Quicker.\n<b>Bold</b> [link](https://example.org)', size: 12_345_678 };
const own = (state: UpdateState): UpdateView => ({ way: 'own', daily: false, looked_at: null, state });

async function settings(state: UpdateState | null): Promise<{ page: Page; complaints: string[] }> {
  const opened = await open(browser, '', { reducedMotion: 'reduce' });
  await show(opened.page, 'settings');
  if (state) await tell(opened.page, state);
  await opened.page.getByTestId('updates').waitFor();
  return opened;
}

const tell = (page: Page, state: UpdateState) => page.evaluate((view) => window.stage.memory.showUpdates(view), own(state));
const calls = (page: Page) => page.evaluate(() => window.stage.memory.updateCalls);

test('where others update the program one sentence says so, and there is no button', async () => {
  const { page, complaints } = await settings(null);
  for (const [way, begins] of [['system', 'Your system updates'], ['elsewhere', 'This copy does not come'], ['not_set', 'Whoever made this package']] as const) {
    await page.evaluate((way) => window.stage.memory.showUpdates({ way, daily: false, looked_at: null, state: { kind: 'idle' } }), way);
    await expect.poll(() => page.getByTestId('updates-way').innerText()).toMatch(new RegExp(`^${begins}[^.]*[.]`));
    await expect.poll(() => page.getByTestId('updates').locator('button, input').count()).toBe(0);
  }
  expect(complaints).toEqual([]);
  await page.close();
});

test('nothing is asked or installed before the person says so, and what changed is shown as plain text', async () => {
  const { page, complaints } = await settings({ kind: 'idle' });
  expect(await calls(page)).toEqual([]);
  await page.getByTestId('look-for-update').click();
  await expect.poll(() => calls(page)).toEqual([['look_for_update']]);
  await tell(page, { kind: 'looking' });
  await expect.poll(() => page.getByTestId('updates').locator('button').count()).toBe(0);
  await tell(page, { kind: 'available', offer: OFFER });
  const notes = page.getByTestId('update-notes');
  await expect.poll(() => notes.innerText()).toBe(OFFER.notes);
  await expect.poll(() => notes.locator('*').count()).toBe(0);
  await expect.poll(() => page.getByTestId('install-update').innerText()).toBe('Download and install (12.3 MB)');
  await expect.poll(() => calls(page)).toEqual([['look_for_update']]);
  await page.getByTestId('install-update').click();
  expect((await calls(page)).at(-1)).toEqual(['install_update', '0.3.0']);
  await tell(page, { kind: 'downloading', offer: OFFER, fetched: 6_000_000 });
  await expect.poll(() => page.locator('progress').evaluate((bar: HTMLProgressElement) => [bar.value, bar.max])).toEqual([6_000_000, OFFER.size]);
  await page.getByTestId('cancel-update').click();
  expect((await calls(page)).at(-1)).toEqual(['cancel_update']);
  await tell(page, { kind: 'installed', version: '0.3.0' });
  await expect.poll(() => page.getByTestId('update-installed').innerText()).toContain('from the next start');
  expect(complaints).toEqual([]);
  await page.close();
});

test('every failure says what it is and what to do, and can be tried again', async () => {
  const { page } = await settings({ kind: 'idle' });
  const failures = ['unreachable', 'unusable', 'not_genuine', 'incomplete', 'no_package', 'no_room', 'not_writable', 'moved', 'not_started'] as const;
  for (const failure of failures) {
    await tell(page, { kind: 'failed', failure, offer: null });
    await expect.poll(() => page.getByTestId(`update-${failure}`).innerText()).toMatch(/.+\n+.+[.]$/);
    await expect.poll(() => page.getByTestId('look-for-update').count()).toBe(1);
    await tell(page, { kind: 'failed', failure, offer: OFFER });
    await page.getByTestId('install-update').click();
    expect((await calls(page)).at(-1)).toEqual(['install_update', '0.3.0']);
  }
  await page.close();
});

test('looking once a day is off until the person switches it on; what is found then is told', async () => {
  const { page } = await settings({ kind: 'idle' });
  await expect.poll(() => page.getByTestId('daily-updates').isChecked()).toBe(false);
  await page.getByTestId('daily-updates').check();
  await expect.poll(() => page.evaluate(() => window.stage.memory.updates.daily)).toBe(true);
  await tell(page, { kind: 'available', offer: OFFER });
  await expect.poll(() => page.getByTestId('notice').innerText()).toContain('0.3.0');
  await page.evaluate(() => (window.stage.memory.set_daily_updates = () => Promise.reject({ code: 'file_unsaved', retry_after_s: null })));
  await tell(page, { kind: 'idle' });
  await page.getByTestId('daily-updates').click();
  await page.getByTestId('problem-file_unsaved').waitFor();
  await expect.poll(() => page.getByTestId('daily-updates').isChecked()).toBe(false);
  await page.close();
});

test('each state can be read by a screen reader, and fits the narrowest window in either language', async () => {
  for (const language of ['en', 'fr']) {
    const { page } = await open(browser, `language=${language}`, { reducedMotion: 'reduce', viewport: { width: 320, height: 640 } });
    await show(page, 'settings');
    await loadAxe(page);
    const states: UpdateState[] = [
      { kind: 'idle' },
      { kind: 'available', offer: { ...OFFER, notes: 'x'.repeat(300) } },
      { kind: 'downloading', offer: OFFER, fetched: 1 },
      { kind: 'failed', failure: 'not_genuine', offer: OFFER },
      { kind: 'installed', version: '0.3.0' },
    ];
    for (const state of states) {
      await tell(page, state);
      expect(await violations(page), state.kind).toEqual([]);
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: state.kind }).toBeLessThanOrEqual(320);
    }
    await page.close();
  }
});
