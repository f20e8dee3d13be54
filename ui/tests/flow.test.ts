import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launch, open, show } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** Presses Tab until the element with this test id has the focus. */
async function tabTo(page: Page, id: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))) === id) return;
  }
  throw new Error(`Tab never reaches ${id}`);
}

const focused = (page: Page): Promise<string | undefined> => page.evaluate(() => document.activeElement?.tagName);
const said = (page: Page): Promise<string> => page.getByTestId('announcement').innerText();

test('an account is connected with the keyboard alone, and every stage is announced', async () => {
  const { page, complaints } = await open(browser, 'story=first-connection&pace=30', { reducedMotion: 'reduce' });
  await page.getByTestId('first-run').waitFor();
  await tabTo(page, 'confirm-backend');
  await page.keyboard.press('Enter');

  await page.getByTestId('choose').waitFor();
  await expect.poll(() => page.locator('input:checked').evaluateAll((boxes) => boxes.map((box) => box.getAttribute('data-testid')))).toEqual([
    'choose-profile',
    'choose-kyc',
    'choose-wallet',
  ]);
  await tabTo(page, 'choose-kyc');
  await page.keyboard.press('Space');
  await expect.poll(() => page.getByTestId('choose-kyc').isChecked()).toBe(false);
  await page.keyboard.press('Space');
  await tabTo(page, 'start-connect');
  await page.keyboard.press('Enter');

  await page.getByTestId('stage-waiting').waitFor();
  await expect.poll(() => said(page)).toMatch(/waiting/i);
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  for (const id of ['open-again', 'copy-link', 'cancel-connect', 'browser-error']) await tabTo(page, id);

  await page.evaluate(() => window.stage.advance());
  await page.getByTestId('stage-decide').waitFor();
  await tabTo(page, 'decide-add_as_account');
  await page.keyboard.press('Enter');
  await page.getByTestId('stage-done').waitFor();
  await expect.poll(() => said(page)).toMatch(/connected/i);
  await expect.poll(() => page.getByTestId('done-granted').innerText()).toContain('Profile');
  await tabTo(page, 'dismiss');
  await page.keyboard.press('Enter');

  await page.getByTestId('section-wallet').and(page.locator('[data-state=ready]')).waitFor();
  await expect.poll(() => page.getByTestId('naira-balance').innerText()).toMatch(/^₦[\d,]+\.\d\d$/);
  await expect.poll(() => page.getByTestId('account-health').getAttribute('data-kind')).toBe('connected');
  await expect.poll(() => focused(page)).toBe('H1');
  expect(complaints).toEqual([]);
  await page.close();
});

test('the time left counts down, and the page says what is being waited for', async () => {
  const { page } = await open(browser, '');
  await show(page, 'stage-waiting');
  const timer = page.getByRole('timer');
  await expect.poll(() => timer.innerText()).toBe('9:41 left');
  await page.evaluate(() => window.stage.setNow(window.stage.now + 60_000));
  await page.waitForFunction(() => document.querySelector('[role=timer]')?.textContent?.includes('8:41'));
  await page.close();
});

test('what waits for its turn can be cancelled, and what is being stored offers nothing that does nothing', async () => {
  const { page } = await open(browser, '');
  await show(page, 'stage-finishing-stored');
  await expect.poll(() => page.getByTestId('cancel-connect').count()).toBe(0);
  await show(page, 'stage-finishing');
  const cancelled = page.evaluate(
    () =>
      new Promise<boolean>((resolve) => {
        window.stage.memory.cancel = () => {
          resolve(true);
          return Promise.resolve();
        };
      }),
  );
  await page.getByTestId('cancel-connect').click();
  expect(await cancelled).toBe(true);
  await page.close();
});

test('a feature that can move money is asked for only after a warning, and alone', async () => {
  const { page } = await open(browser, '');
  await show(page, 'account-mixed');
  const sensitive = page.locator('[data-testid^=ask-]:not([data-testid=ask-several])').last();
  const id = await sensitive.getAttribute('data-testid');
  await sensitive.click();
  await page.getByTestId('confirm-ask').waitFor();
  await expect.poll(() => page.evaluate(() => window.stage.app.dialog?.kind === 'ask' && window.stage.app.dialog.scopes.length)).toBe(1);
  // The safe choice has the focus, and Escape takes it.
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel');
  await page.keyboard.press('Escape');
  await page.getByTestId('confirm-ask').waitFor({ state: 'detached' });
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe(id);
  await page.close();
});

test('asking for several offers nothing that can move money', async () => {
  const { page } = await open(browser, '');
  await show(page, 'account-nothing');
  await page.getByTestId('ask-several').click();
  const offered = await page.locator('[data-testid^=choose-]').evaluateAll((boxes) => boxes.map((box) => box.getAttribute('data-testid')));
  expect(offered).toEqual(['choose-profile', 'choose-kyc', 'choose-wallet', 'choose-deposit']);
  await page.close();
});

test('reconnecting asks for what was lost, but for nothing that can move money', async () => {
  const { page } = await open(browser, '');
  await show(page, 'account-revoked');
  const asked = page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        window.stage.memory.reconnect = (_, scopes) => {
          resolve(scopes);
          return Promise.resolve();
        };
      }),
  );
  await page.getByTestId('reconnect').click();
  await expect.poll(() => asked).toEqual(['profile:read', 'kyc:read', 'wallet:read', 'wallet:deposit']);
  await page.close();
});

test('where Monei does not confirm, trying again comes first, and removing says what may live on', async () => {
  const { page } = await open(browser, '');
  await show(page, 'disconnect');
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel');
  const asked = await page.evaluateHandle(() => {
    const asked: string[] = [];
    window.stage.memory.disconnect = (_, unrevoked) => {
      asked.push(unrevoked);
      // The person said no to the program's own question.
      if (asked.length === 1) return Promise.resolve(null);
      if (unrevoked === 'keep') return Promise.resolve({ kind: 'unconfirmed', problem: { code: 'backend_unreachable', retry_after_s: null } });
      window.stage.memory.show({ ...window.stage.app.view, accounts: [] });
      return Promise.resolve({ kind: 'removed' });
    };
    return asked;
  });
  await page.getByTestId('confirm-disconnect').click();
  await page.waitForFunction(() => document.querySelector('[data-testid=confirm-disconnect]')?.getAttribute('aria-disabled') === 'false');
  await expect.poll(() => page.getByTestId('account-0').count()).toBe(1);
  await page.getByTestId('confirm-disconnect').click();
  const unconfirmed = page.getByTestId('disconnect-unconfirmed');
  await unconfirmed.waitFor();
  await expect.poll(() => unconfirmed.innerText()).toMatch(/still here.*try again.*may live on at Monei.*Connected apps/s);
  await expect.poll(() => page.getByTestId('problem-backend_unreachable').innerText()).toContain('The connection service didn’t answer');
  // The obvious one tries again; the account is still there.
  await expect.poll(() => page.locator('dialog .button.primary').innerText()).toBe('Try again');
  await page.getByTestId('disconnect-again').click();
  await unconfirmed.waitFor();
  await expect.poll(() => page.getByTestId('account-0').count()).toBe(1);
  await page.getByTestId('remove-anyway').click();
  await page.getByTestId('disconnect-removed').waitFor();
  await expect.poll(() => page.getByTestId('open-monei-settings').isVisible()).toBe(true);
  await page.getByTestId('close-disconnect').click();
  await page.getByTestId('no-accounts').waitFor();
  await expect.poll(() => asked.jsonValue()).toEqual(['keep', 'keep', 'keep', 'remove']);
  await page.close();
});

test('without the tokens for it nothing claims that trying again is all it takes', async () => {
  const { page } = await open(browser, '');
  await show(page, 'disconnect');
  await page.evaluate(() => {
    window.stage.memory.disconnect = () => Promise.resolve({ kind: 'unrevocable' });
  });
  await page.getByTestId('confirm-disconnect').click();
  await expect.poll(() => page.getByTestId('disconnect-unrevocable').innerText()).toMatch(/keychain/);
  await page.close();
});

test('what led to an account that has gone leads to no other account', async () => {
  const { page } = await open(browser, '');
  const without = (index: number) =>
    page.evaluate((index) => {
      const { view } = window.stage.app;
      window.stage.memory.show({ ...view, transaction: null, accounts: view.accounts.filter((_, each) => each !== index) });
    }, index);
  const goneAlone = async () => {
    await page.getByTestId('gone').waitFor();
    await expect.poll(() => page.getByTestId('account-health').count()).toBe(0);
  };
  // Its page, when another program takes it away.
  await show(page, 'several-accounts');
  await without(0);
  await goneAlone();
  // The overview of it that was shown without being chosen.
  await show(page, 'several-accounts');
  await page.evaluate(() => window.stage.app.go({ kind: 'account', id: window.stage.app.view.accounts[0]?.id ?? '' }));
  await page.evaluate(() => window.stage.app.go({ kind: 'home' }));
  await without(0);
  await goneAlone();
  // A page that asks for more of it.
  await show(page, 'several-accounts');
  await page.evaluate(() => window.stage.app.go({ kind: 'choose', account: window.stage.app.view.accounts[0]?.id ?? '' }));
  await without(0);
  await goneAlone();
  // The outcome of a connection whose account is gone when it is put away.
  await show(page, 'several-accounts');
  await page.evaluate(() => {
    const { view } = window.stage.app;
    const stage = { kind: 'done' as const, account: 'gone', granted: [], declined: [], extra: [] };
    window.stage.memory.show({ ...view, transaction: { account: null, requested: [], channel: 'loopback', stage } });
    window.stage.memory.show({ ...view, transaction: null });
  });
  await goneAlone();
  // A dialog about it closes; the one in which the person takes it away stays to say what came of it.
  await show(page, 'several-accounts');
  await page.evaluate(() => {
    const account = window.stage.app.view.accounts[0];
    if (account) window.stage.app.dialog = { kind: 'rename', account };
  });
  await page.locator('dialog[open]').waitFor();
  await without(0);
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  await goneAlone();
  await page.close();
});

test('without a service the first thing is the field for its address, and what it leads to is checked when entered', async () => {
  for (const viewport of [{ width: 1080, height: 720 }, { width: 720, height: 520 }, { width: 360, height: 480 }]) {
    const { page } = await open(browser, 'variant=first-run-missing', { viewport, reducedMotion: 'reduce' });
    const field = page.getByTestId('backend-address');
    await field.waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute('data-testid') === 'backend-address');
    const box = await field.boundingBox();
    expect(box && box.y >= 0 && box.y + box.height <= viewport.height, JSON.stringify({ viewport, box })).toBe(true);
    await expect.poll(() => page.getByTestId('backend-missing').innerText()).toMatch(/^Enter the address of your connection service/);
    await expect.poll(() => page.getByTestId('confirm-backend').count()).toBe(0);
    await page.close();
  }
  const { page } = await open(browser, 'variant=first-run-missing', { reducedMotion: 'reduce' });
  const opened = page.evaluate(() => new Promise((resolve) => (window.stage.memory.open_link = (link) => Promise.resolve(resolve(link)))));
  await page.getByTestId('operator-guide').click();
  expect(await opened).toBe('operator_guide');
  await page.evaluate(() => {
    window.stage.memory.set_backend = (address) => {
      const { view } = window.stage.app;
      const answers = address === 'https://connect.right.example';
      const status = answers ? { kind: 'ready' as const } : { kind: 'problem' as const, problem: { code: 'backend_unreachable' as const, retry_after_s: null } };
      const operator = answers ? { name: 'Right', host: null, poses_as_monei: false } : null;
      window.stage.memory.show({ ...view, backend: { ...view.backend, address, status, operator } });
      return Promise.resolve();
    };
  });
  // What can't be an address is said while it is typed, and nothing while it may still become one.
  const field = page.getByTestId('backend-address');
  const hint = page.getByTestId('address-hint');
  for (const [typed, said] of [
    ['connect.example', 'begins with https://'],
    ['http://connect.example', 'begins with https://'],
    ['https://connect.example/path', 'no path'],
    ['https://ada:secret@connect.example', 'no sign-in'],
    ['https://connect example', 'isn’t the name'],
  ] as const) {
    await field.fill('');
    await field.fill(typed);
    await page.locator('[data-testid=backend-address][aria-invalid=true]').waitFor();
    await expect.poll(() => hint.innerText()).toContain(said);
  }
  for (const typed of ['htt', 'https://', 'https://connect.example:8443', 'http://127.0.0.1:43117', '']) {
    await field.fill(typed);
    await page.waitForTimeout(600);
    await expect.poll(() => field.getAttribute('aria-invalid'), { message: typed }).toBe('false');
  }
  // One that leads nowhere can be corrected where it stands.
  await field.fill('https://connect.wrong.example');
  await page.keyboard.press('Enter');
  await page.getByTestId('problem-backend_unreachable').waitFor();
  await expect.poll(() => field.inputValue()).toBe('https://connect.wrong.example');
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-testid') === 'backend-address');
  await field.fill('https://connect.right.example');
  await page.keyboard.press('Enter');
  await field.waitFor({ state: 'detached' });
  await expect.poll(() => page.getByTestId('service-claim').innerText()).toContain('“');
  await expect.poll(() => page.getByTestId('confirm-backend').getAttribute('aria-disabled')).toBe('false');
  await page.close();
});

test('a service is never said to be run by anybody: it calls itself something, beside its address', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  for (const name of await page.evaluate(() => window.stage.names)) {
    await show(page, name);
    const text = await page.locator('body').innerText();
    expect(text, name).not.toMatch(/run by/i);
    const operator = await page.evaluate(() => window.stage.app.view.backend.operator?.name ?? null);
    const address = await page.evaluate(() => window.stage.app.view.backend.address);
    if (operator !== null && operator.length < 40 && text.includes(operator)) {
      expect(text, name).toContain(address);
      expect(text.replace(/[\u2068\u2069]/g, ''), name).toContain(`“${operator}”`);
    }
  }
  await page.close();
});

test('trusting a service on this computer, or one that poses as Monei, is not the obvious thing to do', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  const stands = async (variant: string) => {
    await show(page, variant);
    return (await page.getByTestId('confirm-backend').getAttribute('class'))?.split(' ').includes('primary');
  };
  expect(await stands('first-run-remote')).toBe(true);
  expect(await stands('first-run')).toBe(false);
  await expect.poll(() => page.getByTestId('first-run').innerText()).toContain('that any program of this computer could run');
  expect(await stands('first-run-posing')).toBe(false);
  await expect.poll(() => page.getByTestId('first-run').innerText()).toMatch(/name like Monei’s/);
  expect(await stands('settings-renamed')).toBe(true);
  await expect.poll(() => page.getByTestId('unconfirmed-backend').innerText()).toMatch(/Another Operator.*Sandbox operator/s);
  await page.close();
});

test('agreeing names what was seen', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  for (const [variant, name] of [['first-run-remote', 'Sandbox operator'], ['first-run-posing', null], ['settings-renamed', 'Another Operator']] as const) {
    await show(page, variant);
    const agreed = page.evaluate(() => new Promise((resolve) => (window.stage.memory.confirm_backend = (...seen) => Promise.resolve(resolve(seen)))));
    await page.getByTestId('confirm-backend').click();
    expect(await agreed).toEqual(['https://connect.other.example', name]);
  }
  await page.close();
});

test('what has the focus by keyboard is wholly in sight, on every page and in every dialog', async () => {
  for (const viewport of [{ width: 720, height: 520 }, { width: 540, height: 430 }]) {
    const { page } = await open(browser, '', { viewport, reducedMotion: 'reduce' });
    const hidden: string[] = [];
    for (const name of ['choose', 'stage-waiting-elsewhere', 'settings', 'ask-several']) {
      await show(page, name);
      if (name === 'stage-waiting-elsewhere') await page.evaluate(() => document.querySelector('main')?.scrollTo(0, 300));
      for (const key of ['Tab', 'Shift+Tab']) {
        for (let presses = 0; presses < 24; presses += 1) {
          await page.keyboard.press(key);
          await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
          const seen = await page.evaluate(() => {
            const control = document.activeElement;
            if (!(control instanceof HTMLElement) || control === document.body || control.id === 'main' || control.classList.contains('skip')) return null;
            const what = control.closest('label') ?? control;
            const box = what.getBoundingClientRect();
            if (box.height > innerHeight * 0.6) return null;
            const points = [0.02, 0.5, 0.98].map((part) => [box.left + Math.min(box.width, 60) / 2, box.top + box.height * part] as const);
            const covered = points.some(([x, y]) => {
              const top = document.elementFromPoint(x, y);
              return top === null || !(what === top || what.contains(top) || top.contains(what));
            });
            return covered ? `${control.tagName} ${control.getAttribute('data-testid') ?? control.textContent?.trim().slice(0, 30)} ${Math.round(box.top)}–${Math.round(box.bottom)}` : null;
          });
          if (seen !== null) hidden.push(`${name} ${key}: ${seen}`);
        }
      }
    }
    await page.close();
    expect(hidden, JSON.stringify(viewport)).toEqual([]);
  }
}, 240_000);

test('a permission that is out of sight is shown by the first key press, and not given', async () => {
  const { page } = await open(browser, '', { viewport: { width: 720, height: 520 }, reducedMotion: 'reduce' });
  await show(page, 'choose');
  await tabTo(page, 'choose-send');
  // What has got the focus is brought into view with the next frame: only after that it can be scrolled away.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.evaluate(() => document.querySelector('main')?.scrollTo(0, 0));
  await page.keyboard.press('Space');
  await expect.poll(() => page.getByTestId('choose-send').isChecked()).toBe(false);
  await page.keyboard.press('Space');
  await expect.poll(() => page.getByTestId('choose-send').isChecked()).toBe(true);
  await page.close();
});

test.each(['light', 'dark'] as const)('a button that can’t be pressed stays readable and doesn’t answer to the pointer, in %s', async (colorScheme) => {
  const { page } = await open(browser, '', { colorScheme, reducedMotion: 'reduce' });
  for (const [variant, id] of [['first-run-unreachable', 'confirm-backend'], ['stage-failed-busy', 'try-again'], ['settings-unanswered', 'confirm-backend']] as const) {
    await show(page, variant);
    const button = page.getByTestId(id);
    await expect.poll(() => button.getAttribute('aria-disabled'), { message: variant }).toBe('true');
    const look = () => button.evaluate((element) => (({ backgroundColor, color, borderColor, boxShadow }) => ({ backgroundColor, color, borderColor, boxShadow }))(getComputedStyle(element)));
    await page.mouse.move(0, 0);
    const still = await look();
    await button.hover();
    expect(await look(), variant).toEqual(still);
    const light = (colour: string) => {
      const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => Number(part) / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const [darker = 0, lighter = 0] = [light(still.color), light(still.backgroundColor)].sort((one, other) => one - other);
    expect((lighter + 0.05) / (darker + 0.05), variant).toBeGreaterThanOrEqual(4.5);
  }
  await page.close();
});

test('a connection goes on while the person looks elsewhere, and does not pull them away', async () => {
  const { page } = await open(browser, '');
  await show(page, 'stage-waiting');
  await page.getByTestId('nav-settings').click();
  await page.getByTestId('settings').waitFor();
  await expect.poll(() => page.getByTestId('transaction-bar').isVisible()).toBe(true);
  await page.evaluate(() => {
    const { transaction } = window.stage.app.view;
    if (transaction) window.stage.memory.show({ ...window.stage.app.view, transaction: { ...transaction, stage: { kind: 'finishing', cancellable: true } } });
  });
  await expect.poll(() => page.getByTestId('settings').isVisible()).toBe(true);
  await page.close();
});

test('another address must be confirmed before it is used', async () => {
  const { page } = await open(browser, '');
  await show(page, 'settings-unconfirmed');
  const confirmed = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        window.stage.memory.confirm_backend = (address) => {
          resolve(address);
          return Promise.resolve();
        };
      }),
  );
  await expect.poll(() => page.getByTestId('unconfirmed-backend').innerText()).toContain('Another Operator');
  await page.getByTestId('confirm-backend').click();
  expect(await confirmed).toBe('https://connect.other.example');

  await show(page, 'settings-unanswered');
  await expect.poll(() => page.getByTestId('confirm-backend').getAttribute('aria-disabled')).toBe('true');
  await page.close();
});

test('a busy Monei can be asked again only once its seconds are over', async () => {
  const { page } = await open(browser, '');
  await show(page, 'stage-failed-busy');
  const again = page.getByTestId('try-again');
  await expect.poll(() => again.innerText()).toBe('Try again in 0:48');
  await expect.poll(() => again.getAttribute('aria-disabled')).toBe('true');
  await page.evaluate(() => window.stage.setNow(window.stage.now + 49_000));
  await page.waitForFunction(() => document.querySelector('[data-testid=try-again]')?.textContent?.trim() === 'Try again');
  await page.close();
});

test('what an account’s page says by itself is not said above it once more', async () => {
  const { page } = await open(browser, '');
  await show(page, 'account-busy');
  await page.getByTestId('problem-busy').waitFor();
  const refuse = (code: string) => page.evaluate((code) => window.stage.app.attempt(() => Promise.reject({ code, retry_after_s: null })), code);
  await refuse('busy');
  await expect.poll(() => page.getByTestId('notice').count()).toBe(0);
  await refuse('offline');
  await page.getByTestId('notice').getByTestId('problem-offline').waitFor();
  await page.close();
});

test('a refused start is said in sight, with its way out', async () => {
  const { page } = await open(browser, '', { viewport: { width: 720, height: 520 } });
  await show(page, 'choose');
  await page.evaluate(() => {
    window.stage.memory.connect = () => Promise.reject({ code: 'backend_unconfirmed', retry_after_s: null });
    document.querySelector('main')?.scrollTo(0, 1000);
  });
  await page.getByTestId('start-connect').click();
  const note = page.getByTestId('problem-backend_unconfirmed');
  await note.waitFor();
  await page.waitForFunction(() => (document.querySelector('[data-testid=notice]')?.getBoundingClientRect().top ?? -1) >= 0);
  await note.getByTestId('open-settings').click();
  await page.getByTestId('settings').waitFor();
  await page.close();
});

test('the first paint is marked', async () => {
  const { page } = await open(browser, '');
  await expect.poll(() => page.evaluate(() => performance.getEntriesByName('dashboard').length)).toBe(1);
  await page.close();
});

test('nothing is written by Intl until the first picture is there: making its writers would delay it', async () => {
  const page = await browser.newPage();
  await page.addInitScript(() => {
    const made: { name: string; late: boolean }[] = [];
    const note = (name: string) => made.push({ name, late: performance.getEntriesByName('painted').length > 0 });
    const watched = <Maker extends object>(name: string, maker: Maker): Maker =>
      new Proxy(maker, {
        construct: (target, given) => (note(name), Reflect.construct(target as () => unknown, given) as object),
        apply: (target, self, given) => (note(name), Reflect.apply(target as () => unknown, self, given) as unknown),
      });
    for (const name of Object.getOwnPropertyNames(Intl) as (keyof typeof Intl)[]) {
      if (typeof Intl[name] === 'function') Object.assign(Intl, { [name]: watched(name, Intl[name]) });
    }
    Object.assign(window, { made });
  });
  const made = (late: boolean) => page.evaluate((late) => (window as unknown as { made: { name: string; late: boolean }[] }).made.filter((each) => each.late === late).map(({ name }) => name), late);
  await page.goto(inject('stories'));
  await page.waitForFunction(() => document.documentElement.dataset['ready'] === 'true');
  expect(await made(false)).toEqual([]);
  // An account's page has dates in its first picture, and amounts after it.
  await page.goto(`${inject('stories')}?step=6`);
  await page.getByTestId('section-transactions').and(page.locator('[data-state=ready]')).waitFor();
  expect(await made(false)).toEqual([]);
  expect(await made(true)).toContain('NumberFormat');
  await page.close();
});

test('the tester’s panel is reached from the banner, plans with the keyboard, and says what it did', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'tester');
  await page.evaluate(() => window.stage.app.go({ kind: 'home' }));
  await tabTo(page, 'tester-panel-open');
  await page.keyboard.press('Enter');
  await page.getByTestId('tester-plan').waitFor();
  await expect.poll(() => page.getByTestId('tester-planned').locator('li').count()).toBe(3);
  const orders = await page.evaluateHandle(() => {
    const sent: unknown[] = [];
    window.stage.memory.tester_order = (order) => {
      sent.push(order);
      const faults = order.kind === 'fault' ? [{ number: 7, target: order.target, fault: order.fault, times: order.times }] : [];
      return Promise.resolve({ people: [{ id: 'ada', name: 'Ada Okafor', about: '' }], presets: [], planned: [], faults, switches: [], clock_offset_s: 0, scenario: null });
    };
    return sent;
  });
  await page.getByTestId('tester-person').selectOption('ada');
  await tabTo(page, 'tester-feature-wallet');
  await page.keyboard.press('Space');
  await tabTo(page, 'tester-auto');
  await page.keyboard.press('Space');
  await tabTo(page, 'tester-plan');
  await page.keyboard.press('Enter');
  await page.getByTestId('tester-nothing-planned').waitFor();
  await expect.poll(() => page.getByTestId('notice').innerText()).toMatch(/planned/i);
  await page.getByTestId('tester-whose').selectOption('ada');
  await page.getByTestId('tester-revoke').click();
  await page.getByTestId('tester-target').selectOption('token');
  await page.getByTestId('tester-fault').selectOption('drop_after');
  await page.getByTestId('tester-arm').click();
  await expect.poll(() => page.getByTestId('tester-armed').innerText()).toMatch(/Done, but no answer · Connecting and renewing · once/);
  await page.getByTestId('tester-disarm-7').click();
  await page.getByTestId('tester-nothing-armed').waitFor();
  await page.getByTestId('tester-fault').selectOption('429');
  await page.getByTestId('tester-times').fill('3');
  await page.getByTestId('tester-arm').click();
  await page.getByTestId('tester-fault').selectOption('delay');
  await page.getByTestId('tester-seconds').fill('9999');
  await page.getByTestId('tester-arm').click();
  await expect.poll(() => orders.jsonValue()).toEqual([
    { kind: 'plan', person: 'ada', allow: { kind: 'features', features: ['profile', 'wallet'] }, auto: true },
    { kind: 'revoke', person: 'ada' },
    { kind: 'fault', target: 'token', fault: { kind: 'drop_after' }, times: 1 },
    { kind: 'disarm', number: 7 },
    { kind: 'fault', target: 'token', fault: { kind: 'status', status: 429, retry_after_s: 8 }, times: 3 },
    { kind: 'fault', target: 'token', fault: { kind: 'delay', seconds: 600 }, times: 3 },
  ]);
  await page.close();
});

test('opening Monei’s page from the tester’s panel plans first and then asks, and the rest of the sandbox opens in the browser', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'tester');
  const done = await page.evaluateHandle(() => {
    const done: unknown[] = [];
    const { memory } = window.stage;
    memory.tester_order = (order) => {
      done.push(order);
      return memory.tester();
    };
    memory.connect = (scopes) => Promise.resolve(void done.push({ connect: scopes }));
    memory.open_link = (link) => Promise.resolve(void done.push({ link }));
    return done;
  });
  await page.getByTestId('tester-person').selectOption('tunde');
  await page.getByTestId('tester-ask-kyc').uncheck();
  await page.getByTestId('tester-ask-deposit').uncheck();
  await page.getByTestId('tester-open').click();
  for (const place of ['switches', 'clock', 'scenario', 'log']) await page.getByTestId(`tester-open-${place}`).click();
  await expect.poll(() => page.getByTestId('tester-standing-clock').innerText()).toMatch(/3700 seconds ahead/);
  await expect.poll(() => done.jsonValue()).toEqual([
    { kind: 'reset', what: 'plan' },
    { kind: 'plan', person: 'tunde', allow: { kind: 'features', features: ['profile'] }, auto: false },
    { connect: ['profile:read', 'wallet:read'] },
    { link: 'sandbox_switches' },
    { link: 'sandbox_clock' },
    { link: 'sandbox_scenario' },
    { link: 'sandbox_log' },
  ]);
  await page.close();
});

test('outside of the sandbox there is no tester’s panel and no way to it', async () => {
  const { page } = await open(browser, '');
  await show(page, 'tester-production');
  await expect.poll(() => page.getByTestId('tester-panel').count()).toBe(0);
  await expect.poll(() => page.getByTestId('tester-panel-open').count()).toBe(0);
  await page.close();
});

test('everything is checked on demand, each result is said in words, and the report stays with the program', async () => {
  const { page } = await open(browser, '', { reducedMotion: 'reduce' });
  await show(page, 'settings');
  await page.evaluate(() => {
    const well = { ok: true, needed: true, problem: null, took_ms: 3, skew_s: null };
    window.stage.memory.diagnose = () =>
      Promise.resolve([
        { ...well, name: 'keychain', ok: false, problem: 'keychain_locked' },
        { ...well, name: 'browser' },
        { ...well, name: 'clock', ok: false, skew_s: 601 },
      ]);
    window.stage.memory.copy_report = () => Promise.resolve();
    window.stage.memory.save_report = () => Promise.resolve('report-7.txt');
  });
  await tabTo(page, 'diagnose');
  await page.keyboard.press('Enter');
  await page.getByTestId('diagnose-results').waitFor();
  await expect.poll(() => page.getByTestId('diagnose-summary').innerText()).toContain('2');
  await expect.poll(() => page.getByTestId('check-keychain').innerText()).toContain('The keychain is locked');
  await expect.poll(() => page.getByTestId('check-browser').getAttribute('data-ok')).toBe('true');
  await expect.poll(() => page.getByTestId('check-clock').innerText()).toContain('10 minutes ahead');
  await tabTo(page, 'copy-report');
  await page.keyboard.press('Enter');
  await page.getByText('The report is on the clipboard.').waitFor();
  await page.getByTestId('save-report').click();
  await page.getByTestId('notice').getByText('report-7.txt').waitFor();

  await page.evaluate(() => (window.stage.memory.save_report = () => Promise.reject({ code: 'report_unsaved', retry_after_s: null })));
  await page.getByTestId('save-report').click();
  await page.getByTestId('problem-report_unsaved').waitFor();
  await page.close();
});
