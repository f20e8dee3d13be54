import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { words as tester } from '../tester/en';
import { en } from './en';
import { cause } from './index';

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

test('nothing that a person reads names a token, a code or an internal thing', () => {
  // The one sentence that names tokens is the one that must: what the backend sees.
  const texts = collect([en, tester]).filter((text) => text !== en.firstRun.transit && text !== en.settings.serviceLead && text !== en.history.formats.json);
  for (const text of texts) expect(text).not.toMatch(/\b(token|handoff|verifier|oauth|scope|json|backend|null|undefined)\b/i);
});

function collect(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'function') return collect((value as (...words: string[]) => unknown)('A', 'B', 'C'));
  if (typeof value === 'object' && value !== null) return Object.entries(value).filter(([key]) => key !== 'wayOut').flatMap(([, entry]) => collect(entry));
  return [];
}
