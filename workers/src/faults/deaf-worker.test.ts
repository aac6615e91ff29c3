import { randomUUID } from 'node:crypto';
import { envSchema } from '@base/shared/config/env-schema';
import { createLogger } from '@base/shared/log/logger';
import { testMasterKeys } from '@base/shared/testing/master-keys';
import { until } from '@base/shared/testing/until';
import { Queue } from 'bullmq';
import { afterEach, expect, inject, test } from 'vitest';
import { buildWorkerDeps, type WorkerDeps } from '../start/deps.ts';
import { type QueueRunner, runQueue } from '../start/run-queue.ts';
import { watchCanaries } from '../start/watch-canaries.ts';

const queue = 'image-generation';
const everyMs = 40;
const toleratedMax = 4;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A worker's parts on the stack's stores, in queues of its own. */
async function buildDeps(): Promise<WorkerDeps> {
  const stack = inject('stack');
  const config = envSchema.parse({
    NODE_ENV: 'test',
    PUBLIC_URL: 'http://api.test',
    DATABASE_URL: stack.database_url,
    DATABASE_POOL_MAX: 2,
    REDIS_URL: stack.redis_url,
    QUEUE_PREFIX: `{${randomUUID()}}`,
    SUPABASE_URL: stack.supabase_url,
    SUPABASE_PUBLISHABLE_KEY: stack.supabase_publishable_key,
    SUPABASE_SECRET_KEY: stack.supabase_secret_key,
    URL_SIGNING_SECRET: 'a signing secret for tests, nothing else',
    MASTER_KEYS: testMasterKeys,
  });
  const deps = await buildWorkerDeps(config, createLogger({ level: 'silent', process: 'worker-test' }));
  closers.push(() => deps.close());
  await until('Redis is connected', () => deps.redis.status === 'ready');
  return deps;
}

function watch(runner: QueueRunner, deps: WorkerDeps): string[] {
  const deaf: string[] = [];
  const canaries = watchCanaries([runner], deps, { everyMs, toleratedMax, onDeaf: (name) => deaf.push(name) });
  closers.push(() => canaries.stop());
  return deaf;
}

/** How many canaries lie in the queue, taken by nobody. */
function openQueue(deps: WorkerDeps): Queue {
  const opened = new Queue(queue, { connection: deps.redis, prefix: deps.config.QUEUE_PREFIX });
  closers.push(() => opened.close());
  return opened;
}

const deafRunner: QueueRunner = { queue, lastTakenAt: () => 1, isFull: () => false, close: async () => {} };

test('a runner with free slots that takes nothing although canaries lie in its queue is deaf', async () => {
  const deps = await buildDeps();
  const deaf = watch(deafRunner, deps);
  await until('the runner is found deaf', () => deaf.length > 0);
  expect(deaf[0]).toBe(queue);
  expect(await openQueue(deps).count()).toBeGreaterThanOrEqual(toleratedMax);
});

test('a runner without a free slot is not deaf, however many canaries it leaves lying', async () => {
  const deps = await buildDeps();
  const deaf = watch({ ...deafRunner, isFull: () => true }, deps);
  const canaries = openQueue(deps);
  await until(
    'many more canaries lie there than are tolerated',
    async () => (await canaries.count()) > 4 * toleratedMax,
  );
  expect(deaf).toEqual([]);
});

test('a real runner that takes its canaries is not deaf', async () => {
  const deps = await buildDeps();
  const runner = runQueue(queue, deps);
  closers.push(() => runner.close({ isForced: true }));
  const taken = new Set<number>();
  const deaf = watch(runner, deps);
  await until('many canaries were taken', () => taken.add(runner.lastTakenAt()).size > 4 * toleratedMax);
  expect(deaf).toEqual([]);
  expect(await openQueue(deps).count()).toBeLessThan(toleratedMax);
});
