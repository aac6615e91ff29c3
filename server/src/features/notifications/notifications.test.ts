import type { Role } from '@base/shared/contracts/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMember, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';
import { audience } from './audience.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const tell = (tenant: TestTenant, type: string, data: Record<string, unknown> = {}) =>
  api.deps.pool.query('select private.tell_locked($1, $2, null, $3)', [tenant.organizationId, type, data]);

interface Shown {
  id: string;
  type: string;
  read: boolean;
}

async function list(
  { token }: { token: string },
  query = '',
): Promise<{ types: string[]; data: Shown[]; unread: number; next: string | null }> {
  const answer = await api.call('GET', `/api/v1/notifications?limit=100${query}`, { token });
  expect(answer.status, answer.text).toBe(200);
  const data = answer.body.data as Shown[];
  return {
    types: data.map((one) => one.type),
    data,
    unread: Number(answer.body.unread),
    next: answer.body.next_cursor as string | null,
  };
}

const read = (tenant: { token: string }, body: unknown) =>
  api.call('POST', '/api/v1/notifications/read', { token: tenant.token, body });

/** An organization that has read everything so far, and another member of it. */
async function makeQuietTenant(role: Role = 'viewer'): Promise<TestTenant & { member: TestTenant }> {
  const tenant = await makeTenant(api, { plan: 'professional' });
  const member = await addMember(api, tenant, role);
  const [newest] = (await list(tenant)).data;
  if (newest !== undefined) await read(tenant, { up_to: newest.id });
  return { ...tenant, member };
}

describe('notifications', () => {
  it('are the events that concern the role, newest first, and no jobs', async () => {
    const tenant = await makeQuietTenant();
    await tell(tenant, 'credits.low', { available: 1, threshold: 5 });
    await tell(tenant, 'job.completed', { status: 'completed', credits: 1 });
    await tell(tenant, 'credits.exhausted', { available: 0, held: 0 });
    expect((await list(tenant, '&unread=true')).types).toEqual(['credits.exhausted', 'credits.low']);
    expect((await list(tenant.member)).types).toEqual(['credits.exhausted']);
  });

  it('are read up to one, or one by one, by each person for themselves', async () => {
    const tenant = await makeQuietTenant('manager');
    for (let n = 0; n < 4; n += 1) await tell(tenant, 'credits.low', { available: n, threshold: 5 });
    const { data, unread } = await list(tenant, '&unread=true');
    expect(unread).toBe(4);
    expect((await read(tenant, { up_to: data[2]?.id })).status).toBe(204);
    expect((await list(tenant)).unread).toBe(2);
    await read(tenant, { ids: [data[0]?.id] });
    await read(tenant, { ids: [data[0]?.id, data[3]?.id] });
    const left = await list(tenant, '&unread=true');
    expect([left.unread, left.data.map((one) => one.id)]).toEqual([1, [data[1]?.id]]);
    expect((await list(tenant)).data.slice(0, 4).map((one) => one.read)).toEqual([true, false, true, true]);
    expect((await list(tenant.member)).unread).toBe(4);
    // Going back does not make what was read unread.
    await read(tenant, { up_to: data[3]?.id });
    expect((await list(tenant)).unread).toBe(1);
  });

  it('page without gaps, and count unread ones up to a hundred', async () => {
    const tenant = await makeQuietTenant();
    await api.deps.pool.query(
      `insert into events (id, organization_id, type, resource_id, data)
       select uuid_v7(), $1, 'credits.low', $1, '{"available": 1, "threshold": 2}' from generate_series(1, 130)`,
      [tenant.organizationId],
    );
    const first = await list(tenant, '&unread=true');
    const second = await list(tenant, `&unread=true&cursor=${first.next}`);
    expect([first.unread, first.data.length, second.data.length]).toEqual([100, 100, 30]);
    expect(new Set([...first.data, ...second.data].map((one) => one.id)).size).toBe(130);
  });

  it('of another organization can be neither seen nor marked, and a wrong body changes nothing', async () => {
    const [tenant, other] = [await makeQuietTenant(), await makeQuietTenant()];
    await tell(tenant, 'credits.low', { available: 1, threshold: 5 });
    const [one] = (await list(tenant, '&unread=true')).data;
    for (const body of [{ up_to: one?.id }, { ids: [one?.id] }]) expect((await read(other, body)).status).toBe(204);
    expect((await list(tenant)).unread).toBe(1);
    for (const body of [{}, { ids: [] }, { up_to: one?.id, ids: [one?.id] }, { up_to: 'x' }]) {
      expect((await read(tenant, body)).status).toBe(422);
    }
    expect((await list(tenant)).unread).toBe(1);
  });

  it('are found by an index that leaves jobs out, whatever role asks', async () => {
    const { rows } = await api.deps.pool.query<{ definition: string }>(
      "select indexdef as definition from pg_indexes where indexname = 'events_notifications'",
    );
    const indexed = [...(rows[0]?.definition ?? '').matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map(([, type]) => type);
    expect(indexed.sort()).toEqual(Object.keys(audience).sort());
  });
});
