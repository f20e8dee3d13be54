import { describe, expect, test } from 'vitest';
import type { AppView } from '../bindings';
import first from './stories/first-connection.json';
import { Memory } from './memory';
import type { CallStep, Story } from './story';

const story = first as unknown as Story;
const calls = story.steps.filter((step): step is CallStep => 'call' in step && step.call !== 'state');
const reads = new Set(['load', 'activity']);
const next = () => calls.find((step) => !reads.has(step.call));

async function watched(memory: Memory): Promise<AppView[]> {
  const seen: AppView[] = [];
  await memory.watch((view) => seen.push(view));
  // The present one, which each watcher is told first.
  expect(seen.splice(0)).toEqual([await memory.state()]);
  return seen;
}

/** Plays one call of the recording. */
const play = (memory: Memory, step: CallStep): Promise<unknown> => {
  const method = memory[step.call as 'connect'] as (...values: unknown[]) => Promise<unknown>;
  return method.call(memory, ...Object.values(step.args));
};

describe('a story', () => {
  test('begins with its first view', async () => {
    const memory = new Memory(story);
    expect(await memory.state()).toEqual((story.steps[0] as CallStep).result);
  });

  test('a call that fits emits the recorded views in their order and resolves', async () => {
    const memory = new Memory(story);
    const seen = await watched(memory);
    const step = next();
    if (!step) throw new Error('no call');
    expect(await play(memory, step)).toEqual(step.result);
    expect(seen).toEqual(expect.arrayContaining(step.states ?? []));
    expect(await memory.state()).toEqual(step.states?.at(-1));
  });

  test('a call that does not fit is refused and changes nothing', async () => {
    const memory = new Memory(story);
    const before = await memory.state();
    await expect(memory.connect(['no:such'])).rejects.toEqual({ code: 'invalid_input', retry_after_s: null });
    await expect(memory.decide('merge')).rejects.toEqual({ code: 'invalid_input', retry_after_s: null });
    expect(await memory.state()).toEqual(before);
    expect(memory.position).toBe(1);
  });

  test('the order of scopes does not matter', async () => {
    const memory = new Memory(story);
    const connect = calls.find((step) => step.call === 'connect');
    if (!connect) throw new Error('no connect');
    memory.seek(story.steps.indexOf(connect));
    await memory.connect([...(connect.args['scopes'] as string[])].reverse());
    expect(await memory.state()).toEqual(connect.states?.at(-1));
  });

  test('what happens elsewhere is played on demand, and only where it stands', async () => {
    const memory = new Memory(story);
    await expect(memory.advance()).rejects.toThrow(/does not happen elsewhere/);
    const outside = story.steps.findIndex((step) => 'outside' in step);
    memory.seek(outside);
    const seen = await watched(memory);
    expect(await memory.advance()).toBe((story.steps[outside] as { outside: string }).outside);
    expect(seen.slice(0, story.steps[outside]?.states?.length)).toEqual(story.steps[outside]?.states);
  });

  test('reads fit anywhere', async () => {
    const memory = new Memory(story);
    const [account] = Object.keys(story.sections);
    if (!account) throw new Error('no sections');
    expect(await memory.load(account, 'profile')).toEqual(story.sections[account]?.profile);
    expect(await memory.activity({ account: null, about: null, app: null })).toEqual(story.activity);
    expect(memory.position).toBe(1);
  });

  test('a section that was not recorded is refused as ungranted', async () => {
    await expect(new Memory(story).load('nobody', 'kyc')).rejects.toMatchObject({ code: 'scope_missing' });
  });
});
