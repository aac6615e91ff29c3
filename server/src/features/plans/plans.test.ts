import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

it('lists the plans for everyone, from small to large', async () => {
  const { body, status } = await api.call('GET', '/api/v1/plans');
  expect(status).toBe(200);
  const plans = body.data as { id: string; price_month_cents: number }[]; // as declared
  expect(plans.map((plan) => plan.id)).toEqual(['free', 'starter', 'professional', 'business', 'enterprise']);
  expect(plans[2]).toMatchObject({ price_month_cents: 9900, monthly_credits: 2000, limits: { team_members: 10 } });
});
