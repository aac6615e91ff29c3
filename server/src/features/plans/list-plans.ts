import { plan } from '@base/shared/contracts/accounts';
import { page } from '@base/shared/contracts/wire';
import type { CatalogPlan } from '@base/shared/credits/catalog';
import type * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';

export const listPlans = endpoint({
  method: 'get',
  path: '/plans',
  tag: 'plans',
  summary: 'Plans with prices, credits, limits and features',
  access: 'public',
  responses: { 200: { description: 'All plans, from small to large.', body: page(plan) } },
  handle: ({ deps }) => ok({ data: deps.catalog.plans().map(presentPlan), has_more: false, next_cursor: null }),
});

function presentPlan(found: CatalogPlan): z.input<typeof plan> {
  return {
    id: found.id,
    object: 'plan',
    name: found.name,
    price_month_cents: found.priceMonthCents,
    price_year_cents: found.priceYearCents,
    currency: 'BRL',
    monthly_credits: found.monthlyCredits,
    limits: found.limits,
    features: found.features,
  };
}
