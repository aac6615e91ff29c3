import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const path = '/api/v1/billing/auto-topup';
const setting = { threshold: 100, pack: 'credits-5000', daily_cap_cents: 29_800, monthly_cap_cents: 44_700 };
const day = (n: number): Date => new Date(Date.UTC(2031, 0, n));

async function makeCustomer(): Promise<TestTenant> {
  const tenant = await makeTenant(api);
  const answer = await api.call('PUT', path, { token: tenant.token, body: setting });
  expect(answer.status, answer.text).toBe(200);
  // Until then the stack's own worker has nothing to do with it; and before it is a customer, nobody has.
  await api.deps.pool.query("update auto_topups set paused_until = '2030-06-01' where organization_id = $1", [
    tenant.organizationId,
  ]);
  await api.deps.pool.query(
    'insert into billing_customers (organization_id, gateway, gateway_customer_id) values ($1, $2, $3)',
    [tenant.organizationId, 'stripe', `cus_${randomUUID()}`],
  );
  return tenant;
}

/** What a worker would get to pay for this organization; `again` as if the one who had it has died. */
async function claim(tenant: TestTenant, now: Date, again = false): Promise<{ id: string; claims: number }[]> {
  const client = await api.deps.pool.connect();
  try {
    await client.query('begin');
    if (again) {
      await client.query('update topups set paying_until = clock_timestamp() where organization_id = $1', [
        tenant.organizationId,
      ]);
    }
    const { rows } = await client.query<{ id: string; organization_id: string; claims: number }>(
      'select * from claim_topups($1, 1000, 3600)',
      [now],
    );
    await client.query('commit');
    return rows.filter((row) => row.organization_id === tenant.organizationId);
  } finally {
    client.release();
  }
}

const end = (id: string, error: string | null, now: Date) =>
  api.deps.pool.query('select end_topup($1, $2, $3, $4)', [id, error === null ? `pi_${id}` : null, error, now]);

describe('the setting', () => {
  it('is saved, read, replaced and removed; without one there is nothing', async () => {
    const tenant = await makeCustomer();
    const read = () => api.call('GET', path, { token: tenant.token });
    expect((await read()).body).toMatchObject({ ...setting, enabled: true, failures: 0, last: null });
    await api.call('PUT', path, { token: tenant.token, body: { ...setting, threshold: 7, enabled: false } });
    expect((await read()).body).toMatchObject({ threshold: 7, enabled: false });
    expect((await api.call('DELETE', path, { token: tenant.token })).status).toBe(204);
    expect((await read()).status).toBe(404);
  });

  it.each([
    [{ pack: 'nothing' }, '/pack'],
    [{ daily_cap_cents: 100 }, '/daily_cap_cents'],
    [{ monthly_cap_cents: 200 }, '/monthly_cap_cents'],
    [{ threshold: 0 }, '/threshold'],
    [{ failures: 0 }, '/failures'],
  ])('refuses %j at %s', async (change, pointer) => {
    const tenant = await makeTenant(api);
    const answer = await api.call('PUT', path, { token: tenant.token, body: { ...setting, ...change } });
    expect(answer.body).toMatchObject({ status: 422, errors: [{ pointer }] });
    expect((await api.call('GET', path, { token: tenant.token })).status).toBe(404);
  });
});

describe('a top-up', () => {
  it('is begun below the threshold, one at a time, however many workers ask', async () => {
    const tenant = await makeCustomer();
    const claims = await Promise.all(Array.from({ length: 10 }, () => claim(tenant, day(1))));
    expect(new Set(claims.flat().map((row) => row.id)).size).toBe(1);
    const { rows } = await api.deps.pool.query('select count(*) from topups where organization_id = $1', [
      tenant.organizationId,
    ]);
    expect(rows).toEqual([{ count: 1 }]);
  });

  it('keeps within the caps of a day and of thirty days', async () => {
    const tenant = await makeCustomer();
    let bought = 0;
    const buy = async (now: Date) => {
      for (const { id } of await claim(tenant, now)) {
        await end(id, null, now);
        bought += 1;
      }
    };
    for (let n = 0; n < 4; n += 1) await buy(day(1));
    expect(bought).toBe(2);
    for (let n = 0; n < 4; n += 1) await buy(day(3));
    expect(bought).toBe(3);
    await buy(day(29));
    expect(bought).toBe(3);
    await buy(day(32));
    expect(bought).toBe(4);
  });

  it('waits a day after a decline, and the third in a row ends it until it is set again', async () => {
    const tenant = await makeCustomer();
    const decline = async (now: Date) => {
      const [begun] = await claim(tenant, now);
      if (begun !== undefined) await end(begun.id, 'card_declined', now);
      return begun !== undefined;
    };
    expect(await decline(day(1))).toBe(true);
    expect(await decline(day(1))).toBe(false);
    expect(await decline(day(2))).toBe(true);
    expect(await decline(day(3))).toBe(true);
    expect(await decline(day(9))).toBe(false);
    const { body } = await api.call('GET', path, { token: tenant.token });
    expect(body).toMatchObject({
      enabled: false,
      disabled_reason: 'declined',
      failures: 3,
      last: { status: 'failed' },
    });
    await api.call('PUT', path, { token: tenant.token, body: setting });
    expect((await api.call('GET', path, { token: tenant.token })).body).toMatchObject({
      enabled: true,
      failures: 0,
      paused_until: null,
      disabled_reason: null,
    });
  });

  it('is told apart when somebody takes it over, because it may have been paid', async () => {
    const tenant = await makeCustomer();
    const [first] = await claim(tenant, day(1));
    const [second] = await claim(tenant, day(1), true);
    expect([first?.claims, second?.claims]).toEqual([1, 2]);
    expect(second?.id).toBe(first?.id);
  });
});
