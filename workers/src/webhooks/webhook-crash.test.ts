import { type Receiver, startReceiver } from '@base/shared/testing/start-receiver';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import type { FleetProcess } from '../testing/fleet-process.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { newTenant, type Tenant } from '../testing/tenant.ts';
import { writeEvents } from '../testing/webhooks.ts';

let fleet: Fleet;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  fleet = await startFleet({
    tools: { systemVariables, pickFreePorts, startRedis },
    workers: 0,
    variables: { PRIVATE_HOSTS_ALLOWED: '127.0.0.1', WORKER_QUEUES: 'webhook-delivery' },
  });
});
afterAll(async () => {
  await fleet?.close();
  await receiver.close();
});

/** An organization with an endpoint at this path of the receiver. */
async function makeHouse(path: string): Promise<Tenant> {
  const tenant = await newTenant(fleet, { plan: 'professional', credits: 10 });
  const response = await fetch(`${fleet.apis[0]?.url}/api/v1/webhook-endpoints`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: receiver.url.replace('/hook', path), events: ['credits.low'] }),
  });
  expect(response.status, await response.clone().text()).toBe(201);
  return tenant;
}

const at = (path: string) => receiver.received.filter((one) => one.path === path);

async function states(tenant: Tenant): Promise<string[]> {
  const { rows } = await fleet.pool.query<{ status: string }>(
    'select status from webhook_deliveries where organization_id = $1',
    [tenant.organizationId],
  );
  return rows.map(({ status }) => status);
}

/** As if the leases of whoever is dead had run out. */
async function endLeases(): Promise<void> {
  await fleet.pool.query(`update webhook_deliveries set lease_until = now() where status = 'delivering'`);
  await fleet.pool.query(`update webhook_lanes set due_at = now()`);
}

async function expectBooks(): Promise<void> {
  expect((await fleet.pool.query('select * from verify_ledger()')).rows).toEqual([]);
}

it('what a worker had under way when it was killed comes again, with the same id, and not before its lease is over', async () => {
  const tenant = await makeHouse('/killed');
  receiver.answerWith((_one, count) => (count === 1 ? 'hang' : { status: 204 }));
  const victim = await fleet.startWorker();
  await writeEvents(fleet.pool, [tenant.organizationId], 1);
  await until('the receiver has it', () => at('/killed').length === 1);
  await victim.kill();
  const others: FleetProcess[] = [await fleet.startWorker(), await fleet.startWorker()];
  const bystander = await makeHouse('/bystander');
  await writeEvents(fleet.pool, [bystander.organizationId], 1);
  await until('others are told', () => at('/bystander').length === 1);
  expect(at('/killed')).toHaveLength(1);
  await endLeases();
  await until('it has arrived', async () => (await states(tenant)).join() === 'succeeded');
  const [first, second, ...more] = at('/killed');
  expect(more).toEqual([]);
  expect(second?.id).toBe(first?.id);
  await Promise.all(others.map((worker) => worker.kill()));
  await expectBooks();
});

it('what was delivered by a worker that died before it could say so is delivered again with the same id', async () => {
  const tenant = await makeHouse('/unsaid');
  receiver.answerWith({ status: 204 });
  const marker = fleet.newMarker();
  const victim = await fleet.startWorker({ CRASH_AT: 'before:finish_webhook_delivery', CRASH_MARKER: marker });
  await writeEvents(fleet.pool, [tenant.organizationId], 1);
  await until('the worker dies', () => victim.hasEnded());
  expect(at('/unsaid')).toHaveLength(1);
  expect(await states(tenant)).toEqual(['delivering']);
  const next = await fleet.startWorker();
  await endLeases();
  await until('it has arrived', async () => (await states(tenant)).join() === 'succeeded');
  expect(new Set(at('/unsaid').map(({ id }) => id)).size).toBe(1);
  expect(at('/unsaid')).toHaveLength(2);
  await next.kill();
  await expectBooks();
});

it('FLUSHALL and a Redis that is away delay messages, and lose none', async () => {
  const tenant = await makeHouse('/flushed');
  receiver.answerWith({ status: 204, afterMs: 20 });
  const workers = [await fleet.startWorker(), await fleet.startWorker()];
  await writeEvents(fleet.pool, [tenant.organizationId], 30);
  await until('some are delivered', () => at('/flushed').length > 3);
  await fleet.redis.flush();
  await fleet.redis.stop();
  await writeEvents(fleet.pool, [tenant.organizationId], 30);
  await until('all have arrived', async () => {
    const found = await states(tenant);
    return found.length === 60 && found.every((status) => status === 'succeeded');
  });
  expect(new Set(at('/flushed').map(({ id }) => id)).size).toBe(60);
  expect(receiver.mostAtOnce.ofOneId).toBe(1);
  await fleet.redis.start();
  await Promise.all(workers.map((worker) => worker.kill()));
  await expectBooks();
});
