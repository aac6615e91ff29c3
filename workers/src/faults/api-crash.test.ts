import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { expectSound, paidCalls } from '../testing/expect-sound.ts';
import { type Fleet, startFleet } from '../testing/start-fleet.ts';
import { newTenant, postJob, waitForJobs } from '../testing/tenant.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ tools: { systemVariables, pickFreePorts, startRedis } });
});
afterAll(() => fleet?.close());

test.each(['before:reserve_jobs', 'after:reserve_jobs'])(
  'a request whose node is killed %s makes one job, whichever node the client asks again',
  async (crashAt) => {
    const tenant = await newTenant(fleet, { plan: 'starter', credits: 5 });
    const victim = await fleet.startApi({ CRASH_AT: crashAt, CRASH_MARKER: fleet.newMarker() });
    const order = { idempotencyKey: randomUUID(), marker: `case-${randomUUID()}` };
    await expect(postJob(victim, tenant, order)).rejects.toThrow();
    expect(await victim.ended).toBe(null);
    const ofTenant = async () =>
      (
        await fleet.pool.query<{ id: string }>('select id from ai_jobs where organization_id = $1', [
          tenant.organizationId,
        ])
      ).rows;
    const survivors = await ofTenant();
    expect(survivors).toHaveLength(crashAt === 'after:reserve_jobs' ? 1 : 0);
    if (survivors[0]) {
      // Committed and never enqueued: nobody but the relay can know of it.
      await waitForJobs(fleet, [{ id: survivors[0].id, marker: order.marker }], { statuses: ['completed'] });
    }
    const [other] = fleet.apis;
    if (!other) throw new Error('the fleet has no other API node');
    const answer = await postJob(other, tenant, order);
    expect(answer.status).toBe(202);
    expect(answer.headers.get('idempotent-replayed')).toBe(survivors[0] ? 'true' : null);
    const job = { id: String(answer.body.id), marker: order.marker };
    if (survivors[0]) expect(job.id).toBe(survivors[0].id);
    await waitForJobs(fleet, [job], { statuses: ['completed'] });
    expect(await ofTenant()).toEqual([{ id: job.id }]);
    expect(await paidCalls(order.marker)).toHaveLength(1);
    await expectSound(fleet, tenant, [job]);
  },
);
