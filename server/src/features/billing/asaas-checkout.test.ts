import { sandboxGatewayVariables } from '@base/shared/testing/sandbox-variables';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';

const variables = sandboxGatewayVariables(inject('stack').sandbox_url);
const settings = {
  ASAAS_API_KEY: variables.ASAAS_API_KEY,
  ASAAS_BASE_URL: variables.ASAAS_BASE_URL ?? '',
  BILLING_GATEWAY: 'asaas' as const,
  STRIPE_SECRET_KEY: variables.STRIPE_SECRET_KEY,
};
const customer = { name: 'Ana Souza', cpf_cnpj: '529.982.247-25' };

let api: TestApi;
/** Its Asaas does not answer. */
let cutOff: TestApi;
beforeAll(async () => {
  [api, cutOff] = await Promise.all([
    startApi(settings),
    startApi({ ...settings, ASAAS_BASE_URL: 'http://127.0.0.1:9' }),
  ]);
});
afterAll(() => Promise.all([api, cutOff].map((node) => node?.close())));

const order = ({ token }: TestTenant, body: Record<string, unknown>, node = api): Promise<Answer> =>
  node.call('POST', '/api/v1/billing/checkout', { token, body });

describe('POST /billing/checkout at Asaas', () => {
  it('wants to know who pays at the first order, and only then', async () => {
    const tenant = await makeTenant(api);
    const pack = { pack: 'credits-5000', method: 'pix' };
    expect(await order(tenant, pack)).toMatchObject({
      status: 422,
      body: { code: 'invalid_request', errors: [{ pointer: '/customer' }] },
    });
    expect((await order(tenant, { ...pack, customer })).status).toBe(201);
    expect((await order(tenant, { pack: 'credits-20000', method: 'boleto' })).status).toBe(201);
  });

  it.each(['529.982.247-26', '111.111.111-11', '11.444.777/0001-62', 'abcdefghijk'])(
    'refuses %s, which is no CPF or CNPJ, and makes nothing',
    async (taxId) => {
      const tenant = await makeTenant(api);
      const answer = await order(tenant, { pack: 'credits-5000', customer: { name: 'Ana', cpf_cnpj: taxId } });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/customer/cpf_cnpj' }] } });
      const { rows } = await api.deps.pool.query('select from billing_customers where organization_id = $1', [
        tenant.organizationId,
      ]);
      expect(rows).toEqual([]);
    },
  );

  it('leaves the way to pay to Stripe’s page where the order is for Stripe', async () => {
    const answer = await order(await makeTenant(api), { pack: 'credits-5000', gateway: 'stripe', method: 'pix' });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/method' }] } });
  });

  it('keeps who pays at Asaas only', async () => {
    const tenant = await makeTenant(api);
    expect((await order(tenant, { pack: 'credits-5000', customer: { ...customer, name: 'Zilda Unica' } })).status).toBe(
      201,
    );
    const { rows } = await api.deps.pool.query(
      `select (select jsonb_agg(c) from checkouts c where c.organization_id = $1)::text
         || (select jsonb_agg(b) from billing_customers b where b.organization_id = $1)::text
         || coalesce((select jsonb_agg(a) from audit_logs a where a.organization_id = $1)::text, '') as everything`,
      [tenant.organizationId],
    );
    expect(rows[0].everything).toContain('cus_');
    expect(rows[0].everything).not.toMatch(/52998224725|529\.982|Zilda/);
    expect(api.logged()).not.toMatch(/52998224725|529\.982|Zilda/);
  });

  it('makes another order for each way to pay, and gives an equal one again', async () => {
    const tenant = await makeTenant(api);
    const pix = await order(tenant, { pack: 'credits-5000', method: 'pix', customer });
    const boleto = await order(tenant, { pack: 'credits-5000', method: 'boleto' });
    const again = await order(tenant, { pack: 'credits-5000', method: 'pix' });
    expect(boleto.body.id).not.toBe(pix.body.id);
    expect(again).toMatchObject({ status: 200, body: pix.body });
  });

  it('lets an open order for a plan give way to one by another way to pay', async () => {
    const tenant = await makeTenant(api);
    const pix = await order(tenant, { plan: 'starter', method: 'pix', customer });
    const page = await order(tenant, { plan: 'starter', interval: 'year' });
    expect(page).toMatchObject({
      status: 201,
      body: { url: expect.stringContaining('checkoutSession'), instructions: null },
    });
    const found = await api.call('GET', `/api/v1/billing/checkouts/${pix.body.id}`, { token: tenant.token });
    expect(found.body.status).toBe('expired');
    const boleto = await order(tenant, { plan: 'starter', method: 'boleto' });
    expect(boleto).toMatchObject({ status: 201, body: { instructions: { type: 'boleto' } } });
  });

  it('changes nothing when Asaas does not answer, and works afterwards', async () => {
    const tenant = await makeTenant(api);
    const body = { pack: 'credits-5000', method: 'pix', customer };
    expect(await order(tenant, body, cutOff)).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
    expect((await order(tenant, body)).status).toBe(201);
  });

  it('makes a new customer when Asaas has the old one no more, once somebody says again who that is', async () => {
    const tenant = await makeTenant(api);
    await order(tenant, { pack: 'credits-5000', method: 'pix', customer });
    await api.deps.pool.query(
      `update billing_customers set gateway_customer_id = 'cus_gone_' || organization_id where organization_id = $1`,
      [tenant.organizationId],
    );
    const body = { pack: 'credits-20000', method: 'pix' };
    expect(await order(tenant, body)).toMatchObject({ status: 422, body: { errors: [{ pointer: '/customer' }] } });
    expect((await order(tenant, { ...body, customer })).status).toBe(201);
  });
});
