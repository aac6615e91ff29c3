import { createStripe } from '@base/shared/gateways/stripe/client';
import { sandboxGatewayVariables } from '@base/shared/testing/sandbox-variables';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addMember, makeKey, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';

const { STRIPE_SECRET_KEY: secretKey = '' } = sandboxGatewayVariables('');
const sandboxUrl = inject('stack').sandbox_url;
const stripe = createStripe({ secretKey, baseUrl: sandboxUrl });
const settings = { STRIPE_SECRET_KEY: secretKey, STRIPE_BASE_URL: sandboxUrl };

let api: TestApi;
let second: TestApi;
/** Its gateway does not answer. */
let cutOff: TestApi;
let bare: TestApi;
beforeAll(async () => {
  [api, second, cutOff, bare] = await Promise.all([
    startApi(settings),
    startApi(settings),
    startApi({ ...settings, STRIPE_BASE_URL: 'http://127.0.0.1:9' }),
    startApi(),
  ]);
});
afterAll(() => Promise.all([api, second, cutOff, bare].map((node) => node?.close())));

const order = (node: TestApi, { token }: TestTenant, body: Record<string, unknown>): Promise<Answer> =>
  node.call('POST', '/api/v1/billing/checkout', { token, body });

async function sessionsOf({ organizationId }: TestTenant): Promise<{ id: string; status: string | null }[]> {
  const { rows } = await api.deps.pool.query<{ id: string }>(
    'select gateway_customer_id as id from billing_customers where organization_id = $1',
    [organizationId],
  );
  const pages = await Promise.all(rows.map(({ id }) => stripe.checkout.sessions.list({ customer: id })));
  return pages.flatMap(({ data }) => data.map(({ id, status }) => ({ id, status })));
}

describe('POST /billing/checkout', () => {
  it('gives a page where the order is paid, which a member of the organization can look up', async () => {
    const owner = await makeTenant(api);
    const answer = await order(api, owner, { plan: 'starter' });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        object: 'checkout',
        gateway: 'stripe',
        status: 'open',
        plan: 'starter',
        interval: 'month',
        pack: null,
        credits: 500,
        amount_cents: 4_900,
        currency: 'BRL',
        url: expect.stringContaining('http'),
        instructions: null,
      },
    });
    const found = await api.call('GET', `/api/v1/billing/checkouts/${answer.body.id}`, { token: owner.token });
    expect(found.body).toEqual(answer.body);
    const stranger = await makeTenant(api);
    const hidden = await api.call('GET', `/api/v1/billing/checkouts/${answer.body.id}`, { token: stranger.token });
    expect(hidden.status).toBe(404);
  });

  it('makes one session of equal orders that come at once over two nodes', async () => {
    const owner = await makeTenant(api);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => order(index % 2 ? api : second, owner, { pack: 'credits-5000' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => `${body.id} ${body.url}`)).size).toBe(1);
    expect(await sessionsOf(owner)).toHaveLength(1);
  });

  it('ends an open order for another plan, at the gateway too', async () => {
    const owner = await makeTenant(api);
    const first = await order(api, owner, { plan: 'starter' });
    const other = await order(api, owner, { plan: 'starter', interval: 'year' });
    expect(other).toMatchObject({ status: 201, body: { interval: 'year', credits: 6_000, amount_cents: 47_000 } });
    const ended = await api.call('GET', `/api/v1/billing/checkouts/${first.body.id}`, { token: owner.token });
    expect(ended.body).toMatchObject({ status: 'expired', url: null });
    expect((await sessionsOf(owner)).map(({ status }) => status).sort()).toEqual(['expired', 'open']);
  });

  it('answers 503 while the gateway is away, and makes the same order when it is back', async () => {
    const owner = await makeTenant(api);
    const failed = await order(cutOff, owner, { plan: 'starter' });
    expect(failed).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
    const made = await order(api, owner, { plan: 'starter' });
    expect(made.status).toBe(201);
    const { rows } = await api.deps.pool.query('select id, status from checkouts where organization_id = $1', [
      owner.organizationId,
    ]);
    expect(rows).toEqual([{ id: made.body.id, status: 'open' }]);
  });

  it('goes on with an order whose node died over it: under the same key it is the same session', async () => {
    const owner = await makeTenant(api);
    const made = await order(api, owner, { pack: 'credits-5000' });
    await api.deps.pool.query(
      `update checkouts set status = 'creating', gateway_id = null, url = null, creating_until = clock_timestamp() - interval '1 second' where id = $1`,
      [made.body.id],
    );
    const again = await order(second, owner, { pack: 'credits-5000' });
    expect(again.body).toMatchObject({ id: made.body.id, url: made.body.url });
    expect(await sessionsOf(owner)).toHaveLength(1);
  });

  it('begins anew when that order was begun with other addresses', async () => {
    const owner = await makeTenant(api);
    const made = await order(api, owner, { pack: 'credits-5000' });
    await api.deps.pool.query(
      `update checkouts set status = 'creating', gateway_id = null, url = null, creating_until = null where id = $1`,
      [made.body.id],
    );
    const again = await order(api, owner, { pack: 'credits-5000', success_url: 'https://app.test/thanks' });
    expect(again.status).toBe(201);
    expect(again.body.id).not.toBe(made.body.id);
  });

  it('makes price and customer anew when Stripe does not know those that we know', async () => {
    const owner = await makeTenant(api);
    const { pool } = api.deps;
    await pool.query(
      `insert into gateway_prices (gateway, gateway_price_id, pack_id, amount_cents) values ('stripe', $1, 'credits-100000', 199900)`,
      [`price_of_another_account_${owner.userId}`],
    );
    await pool.query(
      `insert into billing_customers (organization_id, gateway, gateway_customer_id) values ($1, 'stripe', $2)`,
      [owner.organizationId, `cus_of_another_account_${owner.userId}`],
    );
    expect((await order(api, owner, { pack: 'credits-100000' })).status).toBe(201);
    expect(await sessionsOf(owner)).toHaveLength(1);
  });

  it.each([
    [{ plan: 'free' }, '/plan'],
    [{ plan: 'enterprise' }, '/plan'],
    [{ plan: 'no-such' }, '/plan'],
    [{ pack: 'no-such' }, '/pack'],
    [{ pack: 'credits-5000', interval: 'year' }, '/interval'],
    [{ pack: 'credits-5000', gateway: 'asaas' }, '/gateway'],
    [{ pack: 'credits-5000', success_url: 'https://elsewhere.test/' }, '/success_url'],
    [{ pack: 'credits-5000', cancel_url: 'https://app.test.elsewhere.test/' }, '/cancel_url'],
    [{ pack: 'credits-5000', cancel_url: 'https://app.test@elsewhere.test/' }, '/cancel_url'],
    [{ pack: 'credits-5000', cancel_url: 'https://me:secret@app.test/' }, '/cancel_url'],
    [{ pack: 'credits-5000', cancel_url: 'javascript:alert(1)' }, '/cancel_url'],
    [{ pack: 'credits-5000', plan: 'starter' }, ''],
    [{}, ''],
  ])('refuses %j', async (body, pointer) => {
    const owner = await makeTenant(api);
    const answer = await order(api, owner, body);
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ pointer }] } });
  });

  it('is refused where no gateway is set up', async () => {
    const owner = await makeTenant(bare);
    const answer = await order(bare, owner, { plan: 'starter' });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/gateway' }] } });
  });

  it('is for admins in person', async () => {
    const owner = await makeTenant(api, { plan: 'professional' });
    for (const role of ['manager', 'member', 'viewer'] as const) {
      expect((await order(api, await addMember(api, owner, role), { plan: 'starter' })).status).toBe(403);
    }
    const key = await makeKey(api, owner, { scopes: ['read', 'write', 'admin'] });
    const answer = await api.call('POST', '/api/v1/billing/checkout', { token: key, body: { plan: 'starter' } });
    expect(answer.status).toBe(403);
    expect((await api.call('GET', '/api/v1/invoices', { token: key })).status).toBe(200);
  });
});

describe('POST /billing/portal', () => {
  it('leads to the gateway’s pages and back to ours', async () => {
    const owner = await makeTenant(api);
    const call = (body: unknown) => api.call('POST', '/api/v1/billing/portal', { token: owner.token, body });
    expect(await call({})).toMatchObject({ status: 200, body: { url: expect.stringContaining('http') } });
    expect((await call({ return_url: 'https://elsewhere.test/' })).status).toBe(422);
  });
});

describe('without a subscription', () => {
  it('GET /subscription says so, and changes are refused', async () => {
    const owner = await makeTenant(api);
    const { token } = owner;
    const { body } = await api.call('GET', '/api/v1/subscription', { token });
    expect(body).toMatchObject({ plan: 'free', status: null, gateway: null, cancel_at_period_end: false });
    for (const action of ['cancel', 'resume', 'pause']) {
      const answer = await api.call('POST', `/api/v1/subscription/${action}`, { token, body: {} });
      expect(answer).toMatchObject({ status: 409, body: { code: 'conflict' } });
    }
    const change = await api.call('POST', '/api/v1/subscription/change', { token, body: { plan: 'starter' } });
    expect(change.status).toBe(409);
    expect((await api.call('GET', '/api/v1/invoices', { token })).body).toEqual({
      data: [],
      has_more: false,
      next_cursor: null,
    });
  });
});

describe('GET /credit-packs', () => {
  it('shows what is for sale to everybody', async () => {
    const { body } = await api.call('GET', '/api/v1/credit-packs');
    expect(body.data).toContainEqual({
      id: 'credits-5000',
      object: 'credit_pack',
      name: '5,000 credits',
      credits: 5_000,
      price_cents: 14_900,
      currency: 'BRL',
    });
  });
});
