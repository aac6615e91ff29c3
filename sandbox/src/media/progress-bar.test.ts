import { expect, test } from 'vitest';
import type { Task } from '../task.ts';
import { taskState } from '../task.ts';
import { progressLines } from './progress-bar.ts';

const task: Task = {
  id: 'task',
  provider: 'replicate',
  account: 'key',
  model: 'model',
  variant: '',
  prompt: '',
  input: {},
  picture: { width: 1, height: 1, format: 'png', count: 1, isTiny: true },
  createdAtMs: 0,
  latencyMs: 10_000,
  ending: 'succeeded',
  error: null,
  fault: null,
  deadlineAtMs: null,
  canceledAtMs: null,
  pollErrorsLeft: 0,
  pollCount: 0,
  downloadCount: 0,
};

const linesAt = (ms: number, change: Partial<Task> = {}) => {
  const changed = { ...task, ...change };
  return progressLines(changed, taskState(changed, ms), ms);
};

test('lines appear while a task runs, and the last one says how far it is', () => {
  expect(linesAt(1_999)).toEqual([]);
  expect(linesAt(2_000)).toEqual(['  0%|          | 0/10 [00:00<?,     ?it/s]']);
  expect(linesAt(6_000).at(-1)).toBe(' 50%|█████     | 5/10 [00:04<00:04,  1.25it/s]');
  expect(linesAt(6_000)).toHaveLength(6);
  expect(linesAt(10_000).at(-1)).toBe('100%|██████████| 10/10 [00:08<00:00,  1.25it/s]');
});

test('a task that does not succeed never reaches the end', () => {
  expect(linesAt(60_000, { ending: 'failed' }).at(-1)).toContain(' 9/10 ');
  expect(linesAt(60_000, { ending: 'never' }).at(-1)).toContain(' 9/10 ');
  expect(linesAt(60_000, { canceledAtMs: 4_000 }).at(-1)).toContain(' 2/10 ');
  expect(linesAt(60_000, { canceledAtMs: 1_000 })).toEqual([]);
});
