import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { words as tester } from '../tester/en';
import { en as confirmEn } from '../../confirm/text/en';
import { fr as confirmFr } from '../../confirm/text/fr';
import { en } from './en';
import { fr } from './fr';
import { callWords, cause } from './index';

/** The union's members as the generated types list them: the types alone are gone at run time. */
function members(type: string): string[] {
  const source = readFileSync('src/lib/bindings.ts', 'utf8');
  const union = new RegExp(`export type ${type} = ([^;]+);`).exec(source)?.[1] ?? '';
  return [...union.matchAll(/"([a-z0-9_]+)"/g)].map((match) => match[1] ?? '').sort();
}

test('every problem code has its sentence, its cause and its advice, and no other has', () => {
  expect(Object.keys(en.problems).sort()).toEqual(members('ProblemCode'));
  for (const [code, text] of Object.entries(en.problems)) {
    expect(text.title, code).toMatch(/^[A-Z].*[^.]$/);
    expect(text.cause, code).toMatch(/^[A-Z].*[.]$/);
    expect(text.advice, code).toMatch(/^[A-Z].*[.]$/);
  }
});

test('a proxy that is the trouble is named by where it was set', () => {
  const set = { variable: 'ALL_PROXY', scheme: 'gopher' };
  expect(cause({ code: 'proxy_setting', proxy: set })).toContain('the variable ALL_PROXY; its address begins with gopher://.');
  expect(cause({ code: 'proxy_refused', proxy: { variable: null, scheme: null } })).toMatch(/set in this computer’s network settings\.$/);
  expect(cause({ code: 'offline' })).toBe(en.problems.offline.cause);
});

test('no two problems read alike', () => {
  const titles = Object.values(en.problems).map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
});

test('every feature has its words', () => {
  expect(Object.keys(en.features).sort()).toEqual(members('FeatureId'));
});

test('every call of the table of permissions is said in words, never by its path, and no other call is', () => {
  const calls = /export type MoneiCall = ([^;]+);/.exec(readFileSync('src/lib/bindings.ts', 'utf8'))?.[1]?.match(/(?:GET|POST) [^"]+/g) ?? [];
  expect(calls.length).toBeGreaterThan(50);
  for (const { permission } of [en, fr()]) {
    expect(Object.keys(permission.calls).sort()).toEqual([...calls].sort());
    for (const words of [...Object.values(permission.calls), permission.otherCall]) expect(words).toMatch(/^\p{Lu}[^/:]+[^.]$/u);
  }
  expect(callWords('POST /wallet/payout/transfer')).toBe('Payment to another Monei user');
  expect(callWords('POST /wallet/of-an-older-version')).toBe('Another call at Monei');
  expect(callWords('constructor')).toBe('Another call at Monei');
});

test('one is never called several', () => {
  for (const texts of [en, fr()]) {
    expect(texts.overview.lead(1)).not.toMatch(/1|comptes|accounts/);
    expect(texts.history.saved('a.csv', 1, 1)).not.toMatch(/1 transactions|1 were|1 ont/);
    expect(texts.history.saved('a.csv', 12_345, 6_789)).not.toMatch(/12345|6789/);
  }
});

test('nothing that a person reads names a token, a code or an internal thing', () => {
  for (const texts of [en, fr()]) {
    // The one sentence that names tokens is the one that must: what the backend sees.
    const named = new Set<string>([texts.firstRun.transit, texts.settings.serviceLead, texts.history.formats.json]);
    for (const text of collect([texts, tester]).filter((text) => !named.has(text))) expect(text).not.toMatch(/\b(token|jetons?|handoff|verifier|oauth|scope|json|backend|null|undefined)\b/i);
  }
});

/** The same in French, as they are names, signs, or words of both languages. */
const SAME = new Set([
  ...['name', 'common.hiddenAmount', 'common.menu', 'common.list', 'common.nameAnd', 'common.sentence', 'environment.production', 'account.sections.transactions'],
  ...['section.subwallet.crypto', 'allowances.crypto', 'settings.version', 'settings.licences', 'history.format', 'history.dateParts.month', 'history.datePattern', 'diagnose.names.monei', 'diagnose.minutes'],
  ...['apps.lines.0.0', 'apps.lines.0.1', 'apps.lines.1.0', 'apps.lines.1.1', 'apps.lines.2.0', 'apps.lines.2.1', 'apps.lines.3.1', 'confirm.meanings.narration', 'confirm.networkOf'],
  ...['keyboard.keys.0.0', 'keyboard.keys.1.0', 'keyboard.keys.2.0', 'keyboard.keys.5.0', 'keyboard.window.0.0', 'keyboard.window.1.0'],
  ...['ethereum', 'bnb_smart_chain', 'polygon', 'base', 'arbitrum_one', 'optimism', 'lisk', 'scroll', 'solana'].map((network) => `sees.networks.${network}`),
  ...['sees.billMeans.done', 'sees.page', 'feature.reason.enabled', 'feature.reason.not_asked', 'firstRun.inBrackets', 'time.dateAndTime'],
]);

test('every text is in French, and says what it was given wherever English does', () => {
  const pairs = [...both(en, fr(), ''), ...both(confirmEn, confirmFr(), 'confirm.')];
  expect(pairs.length).toBeGreaterThan(700);
  for (const { path, english, french } of pairs) for (const word of GIVEN) expect(french.includes(word), `${path}: ${french}`).toBe(english.includes(word));
  // A text that has changed since is no exception any more.
  expect([...new Set(pairs.filter(({ english, french }) => english === french).map(({ path }) => path))].sort()).toEqual([...SAME].sort());
});

test('French has its own spaces and apostrophes', () => {
  for (const { path, french } of [...both(en, fr(), ''), ...both(confirmEn, confirmFr(), 'confirm.')]) {
    if (path.startsWith('apps.lines.')) continue;
    // Addresses and the words on Monei's page are no French.
    const words = french.replaceAll(/[\p{L}\d]+:\/\/\S*|Not you\?/gu, '');
    // A narrow no-break space before these signs and within the quotes, and no English quotes.
    expect(words, path).not.toMatch(/[^\u202F][;:!?»]|«[^\u202F]|['"“”]| [;:!?»]/u);
  }
});

const GIVEN = ['Ἀ', 'Β', 'Γ', 'Δ'];
/** Functions that are given which one of some is meant, beside what they say. */
const UNITS = (['minute', 'hour', 'day'] as const).flatMap((unit) => [1, 2, 3].map((count) => [count, unit]));
const CALLED: Record<string, unknown[][]> = { 'time.ago': UNITS, 'time.ahead': UNITS, 'time.date': [[26, 1, 2026]] };

/** Every text of a catalogue beside its French; a function is called with the same words in each, and with one and with several. */
function both(english: unknown, french: unknown, path: string): { path: string; english: string; french: string }[] {
  if (typeof english === 'string') return [{ path, english, french: french as string }];
  if (typeof english === 'function') {
    const call = (texts: unknown, given: unknown[]) => {
      try {
        return (texts as (...given: unknown[]) => unknown)(...given);
      } catch {
        return undefined;
      }
    };
    return (CALLED[path] ?? [GIVEN, ['send', ...GIVEN], [1, 2, 3], [2, 3, 4]]).flatMap((given) => {
      const text = call(english, given);
      return text === undefined ? [] : both(text, call(french, given), path);
    });
  }
  if (typeof english === 'object' && english !== null) return Object.entries(english).filter(([key]) => key !== 'wayOut').flatMap(([key, entry]) => both(entry, (french as Record<string, unknown>)[key], `${path}${path && !path.endsWith('.') ? '.' : ''}${key}`));
  return [];
}

function collect(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'function') return collect((value as (...words: string[]) => unknown)('A', 'B', 'C'));
  if (typeof value === 'object' && value !== null) return Object.entries(value).filter(([key]) => key !== 'wayOut').flatMap(([, entry]) => collect(entry));
  return [];
}
