import { type Receiver, startReceiver } from '@base/shared/testing/start-receiver';
import { until } from '@base/shared/testing/until';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  addWebhook,
  countStates,
  makeDatabase,
  makeDeps,
  prove,
  type TestDatabase,
  writeEvents,
} from '../testing/webhooks.ts';
import { claimDeliveries, finishDelivery } from './delivery-store.ts';
import { runWebhookQueue, type WebhookRunner } from './run-webhook-queue.ts';

let house: TestDatabase;
let pool: Pool;
let healthy: Receiver;
let hanging: Receiver;
let runners: WebhookRunner[];
beforeAll(async () => {
  house = await makeDatabase(`webhooks_${process.pid}`);
  pool = house.database.pool;
});
afterAll(() => house.close());
beforeEach(async () => {
  await pool.query('truncate webhooks, webhook_lanes, webhook_deliveries, webhook_attempts');
  [healthy, hanging] = await Promise.all([startReceiver(), startReceiver()]);
  hanging.answerWith('hang');
  runners = [];
});
afterEach(async () => {
  await Promise.all([healthy.close(), hanging.close()]);
  await Promise.all(runners.map((runner) => runner.close()));
});

function run(slots: number, timeoutMs = 15_000): void {
  runners.push(runWebhookQueue(makeDeps(pool, slots), { timeoutMs }));
}

it('a hundred receivers that hang delay nobody, although they have more to get than there are places', async () => {
  const stuck = await Promise.all(Array.from({ length: 100 }, () => addWebhook(pool, hanging.url)));
  const well = await Promise.all(Array.from({ length: 5 }, () => addWebhook(pool, healthy.url)));
  await writeEvents(
    pool,
    stuck.map(({ organizationId }) => organizationId),
    10,
  );
  run(40);
  await until('they take the part of the places that they may', () => hanging.received.length >= 20);
  await prove(
    pool,
    well.map(({ id }) => id),
  );
  await writeEvents(
    pool,
    well.map(({ organizationId }) => organizationId),
    10,
  );
  const startedAt = performance.now();
  await until('all others have theirs', () => healthy.received.length === 50, { timeoutMs: 5_000 });
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  expect(hanging.received).toHaveLength(20);
});

it('a receiver that begins to hang keeps one place of many, once it has failed', async () => {
  const one = await addWebhook(pool, hanging.url);
  await prove(pool, [one.id]);
  await writeEvents(pool, [one.organizationId], 30);
  run(40, 400);
  await until('it has what it may have at once', () => hanging.received.length >= 5);
  hanging.mostAtOnce.inAll = 0;
  await until('five more have come, one after the other', () => hanging.received.length >= 11, { timeoutMs: 10_000 });
  expect(hanging.mostAtOnce.inAll).toBeLessThanOrEqual(2);
  const { rows } = await pool.query('select distinct error from webhook_attempts');
  expect(rows).toEqual([{ error: 'no answer within 0.4 s' }]);
});

it('sends no more at once than the endpoint takes, and gets there step by step', async () => {
  healthy.answerWith({ status: 200, afterMs: 60 });
  const one = await addWebhook(pool, healthy.url, { concurrencyMax: 3 });
  await writeEvents(pool, [one.organizationId], 40);
  run(50);
  await until('all arrive', () => healthy.received.length === 40);
  expect(healthy.mostAtOnce.inAll).toBe(3);
});

it('sends no more a second than the throttle says, and all of it in the end', async () => {
  const one = await addWebhook(pool, healthy.url, { throttlePerSecond: 10, concurrencyMax: 50 });
  await prove(pool, [one.id]);
  await writeEvents(pool, [one.organizationId], 35);
  run(50);
  await until('all arrive', () => healthy.received.length === 35);
  const times = healthy.received.map(({ at }) => at);
  for (const from of times) {
    const inOneSecond = times.filter((at) => at >= from && at < from + 1_000).length;
    // The burst of a second's worth, and what comes within the second after it.
    expect(inOneSecond).toBeLessThanOrEqual(21);
  }
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(2_200);
});

it('several workers send each message once, and none twice at the same time', async () => {
  const many = await Promise.all(Array.from({ length: 20 }, () => addWebhook(pool, healthy.url)));
  await writeEvents(
    pool,
    many.map(({ organizationId }) => organizationId),
    20,
  );
  for (let worker = 0; worker < 3; worker += 1) run(50);
  await until('all are done', async () => (await countStates(pool)).succeeded === 400);
  expect(healthy.received).toHaveLength(400);
  expect(new Set(healthy.received.map(({ id }) => id)).size).toBe(400);
  expect(healthy.mostAtOnce.ofOneId).toBe(1);
});

it('a worker that comes too late with what became of a message is not believed', async () => {
  const one = await addWebhook(pool, healthy.url);
  await writeEvents(pool, [one.organizationId]);
  const options = { slots: 10, unprovenSlots: 10, leaseSeconds: 30 };
  const [first] = await claimDeliveries(pool, options);
  if (!first) throw new Error('there is one to take');
  expect(await claimDeliveries(pool, options)).toEqual([]);
  await pool.query(
    `with passed as (update webhook_deliveries set lease_until = now()) update webhook_lanes set due_at = now()`,
  );
  const [second] = await claimDeliveries(pool, options);
  if (!second) throw new Error('its time is over, so it is there again');
  expect([second.id, second.event_id]).toEqual([first.id, first.event_id]);
  const attempt = {
    isSuccess: true,
    responseCode: 200,
    durationMs: 1,
    responseHead: null,
    error: null,
    retrySeconds: null,
  };
  expect(await finishDelivery(pool, first, attempt)).toBe('lost');
  expect(await finishDelivery(pool, second, attempt)).toBe('done');
  expect(await countStates(pool)).toEqual({ succeeded: 1 });
});

it('what a master key cannot open is not sent, and is said to be our fault', async () => {
  const one = await addWebhook(pool, healthy.url);
  await pool.query('update webhooks set secret_ciphertext = $1', [Buffer.from('nothing of ours')]);
  await writeEvents(pool, [one.organizationId]);
  run(10);
  await until('it has been tried', async () => {
    const { rows } = await pool.query('select error from webhook_attempts');
    return rows[0]?.error === 'it could not be signed; this is a fault of ours';
  });
  expect(healthy.received).toEqual([]);
});

it('a drain takes no more, and waits for what is under way', async () => {
  healthy.answerWith({ status: 200, afterMs: 500 });
  const one = await addWebhook(pool, healthy.url);
  await writeEvents(pool, [one.organizationId], 5);
  run(10);
  await until('one is under way', () => healthy.received.length === 1);
  await runners[0]?.close();
  expect(await countStates(pool)).toEqual({ succeeded: 1, pending: 4 });
});
