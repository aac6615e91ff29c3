import { afterAll, beforeAll, expect, test } from 'vitest';
import { CallBook } from './call-book.ts';
import { type Task, taskState } from './task.ts';
import { TaskStore } from './task-store.ts';
import { startTestSandbox, type TestSandbox } from './testing/test-sandbox.ts';

const path = '/freepik/v1/ai/text-to-image/flux-dev';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
});
afterAll(() => sandbox.close());

test('the book holds what arrived: body, key hint, request id, idempotency headers, task', async () => {
  const headers = { 'x-request-id': 'req-1', 'idempotency-key': 'once' };
  const { json } = await sandbox.call(path, { key: 'secret-key-abcd', headers, body: { prompt: 'booked', seed: 4 } });
  const { json: book } = await sandbox.call('/_sandbox/calls?provider=freepik&prompt_contains=booked');
  expect(book.data).toEqual([
    {
      id: expect.any(Number),
      at: expect.stringMatching(/Z$/),
      provider: 'freepik',
      method: 'POST',
      path,
      prompt: 'booked',
      accepted: true,
      billed: true,
      task_id: json.data.task_id,
      status_code: 200,
      tokens_in: null,
      tokens_out: null,
      idempotency_headers: { 'idempotency-key': 'once' },
      request_id: 'req-1',
      authorization_hint: 'abcd',
      body: { prompt: 'booked', seed: 4 },
    },
  ]);
  expect(JSON.stringify(book)).not.toContain('secret-key');
});

test('pictures in base64 are cut in the book', async () => {
  const body = { prompt: 'with reference', style_reference: 'A'.repeat(100_000) };
  expect((await sandbox.call('/freepik/v1/ai/mystic', { body })).status).toBe(200);
  const { json } = await sandbox.call('/_sandbox/calls?prompt_contains=with%20reference');
  expect(json.data[0]?.body.style_reference).toHaveLength(200 + '… (100000 characters)'.length);
});

test('refused arrivals are booked too, free calls are not', async () => {
  await sandbox.call(path, { body: { prompt: 'refused arrival', n: 1 } });
  await sandbox.call(path, { body: { prompt: 'refused arrival' }, key: null });
  await sandbox.call(path);
  const { json } = await sandbox.call('/_sandbox/calls?prompt_contains=refused');
  expect(json.data).toMatchObject([
    { accepted: false, billed: false, status_code: 400 },
    { accepted: false, billed: false, status_code: 401, authorization_hint: null },
  ]);
});

test('calls are narrowed by provider and time', async () => {
  await sandbox.call(path, { body: { prompt: 'narrowed' } });
  const count = async (query: string) =>
    (await sandbox.call(`/_sandbox/calls?prompt_contains=narrowed&${query}`)).json.data.length;
  expect(await count('provider=openai')).toBe(0);
  expect(await count('since=0')).toBe(1);
  expect(await count(`since=${new Date(Date.now() + 60_000).toISOString()}`)).toBe(0);
  expect((await sandbox.call('/_sandbox/calls?since=yesterday')).status).toBe(400);
});

test('a task can be looked up with its polls and downloads', async () => {
  const created = await sandbox.call(path, { body: { prompt: 'looked up [sandbox: picture=tiny]' } });
  const id = created.json.data.task_id;
  const polled = await sandbox.call(`${path}/${id}`);
  await (await fetch(String(polled.json.data.generated[0]))).arrayBuffer();
  const { json } = await sandbox.call(`/_sandbox/tasks/${id}`);
  expect(json).toMatchObject({
    id,
    provider: 'freepik',
    model: 'flux-dev',
    status: 'succeeded',
    polls: 1,
    downloads: 1,
  });
  expect((await sandbox.call('/_sandbox/tasks/none')).status).toBe(404);
});

test('health answers without a key', async () => {
  const { status, json } = await sandbox.call('/_sandbox/health', { key: null });
  expect([status, json.status]).toEqual([200, 'ok']);
});

test('the book keeps the last 20,000 calls in order', () => {
  const book = new CallBook();
  for (let index = 0; index < 20_005; index += 1) book.open(emptyCall);
  const ids = book.list(() => true).map(({ id }) => id);
  expect([ids.length, ids[0], ids.at(-1), book.count]).toEqual([20_000, 6, 20_005, 20_005]);
});

test('tasks older than an hour go once there are more than 50,000', () => {
  const store = new TaskStore();
  const nowMs = Date.now();
  for (let index = 0; index < 60_000; index += 1) store.add({ ...emptyTask, id: `old-${index}`, createdAtMs: 0 });
  expect(store.size).toBe(60_000);
  store.add({ ...emptyTask, id: 'later', createdAtMs: 3_600_000 });
  expect(store.size).toBe(50_000);
  for (let index = 0; index < 60_000; index += 1) store.add({ ...emptyTask, id: `new-${index}`, createdAtMs: nowMs });
  expect(store.size).toBe(60_000);
  expect(store.find('old-59999')).toBeUndefined();
  expect(store.find('new-0')).toBeDefined();
  const newest = store.newestFirst(2, () => true);
  expect(newest.map(({ task }) => task.id)).toEqual(['new-59999', 'new-59998']);
  const [last] = store.newestFirst(1, () => true, newest[1]?.sequence);
  expect(last?.task.id).toBe('new-59997');
  expect(store.newerThan(last?.sequence ?? 0, 9, () => true)).toEqual(newest);
});

test('a deadline cancels a running task and aborts one that has not started', () => {
  const task: Task = { ...emptyTask, createdAtMs: 0, latencyMs: 1000, deadlineAtMs: 500 };
  expect(taskState(task, 499).phase).toBe('processing');
  expect(taskState(task, 500)).toEqual({ phase: 'canceled', startedAtMs: 200, completedAtMs: 500 });
  expect(taskState({ ...task, deadlineAtMs: 100 }, 1000)).toEqual({
    phase: 'aborted',
    startedAtMs: null,
    completedAtMs: 100,
  });
  expect(taskState({ ...task, deadlineAtMs: 1000 }, 2000).phase).toBe('succeeded');
});

const emptyCall = {
  atMs: 0,
  provider: 'freepik',
  method: 'POST',
  path: '/',
  prompt: '',
  isAccepted: false,
  isBilled: false,
  taskId: null,
  statusCode: null,
  tokensIn: null,
  tokensOut: null,
  idempotencyHeaders: {},
  requestId: null,
  authorizationHint: null,
  body: {},
};

const emptyTask: Task = {
  id: 'task',
  provider: 'freepik',
  account: 'key',
  model: 'flux-dev',
  variant: '',
  prompt: '',
  input: {},
  picture: { width: 1, height: 1, format: 'png', count: 1, isTiny: true },
  createdAtMs: 0,
  latencyMs: 0,
  ending: 'succeeded',
  error: null,
  fault: null,
  deadlineAtMs: null,
  canceledAtMs: null,
  pollErrorsLeft: 0,
  pollCount: 0,
  downloadCount: 0,
};
