import { changeSubscriptionBody, subscriptionChange } from '@base/shared/contracts/billing';
import type { CatalogPlan } from '@base/shared/credits/catalog';
import { ApiError } from '@base/shared/errors/api-error';
import type { Deps } from '../../deps.ts';
import { accepted, endpoint } from '../../http/endpoint.ts';
import { invalidRequest } from '../../http/parse-input.ts';
import { findLiveSubscription, type SubscriptionRow } from './find-subscription.ts';
import type { WantedPlan } from './gateways/gateway.ts';
import { askGateway, gatewayOf } from './pick-gateway.ts';
import { presentChange } from './present-change.ts';

export const changeSubscription = endpoint({
  method: 'post',
  path: '/subscription/change',
  tag: 'billing',
  summary: 'Change to another plan or interval',
  description:
    'What costs more per month is changed now, for the difference in price, as soon as that is paid; what costs less, or the same, when the period ends. The plan that you are on, asked for again, takes a planned change back.',
  access: 'billing:write',
  body: changeSubscriptionBody,
  responses: { 202: { description: 'What will happen, and when.', body: subscriptionChange } },
  errors: ['conflict', 'service_unavailable'],
  async handle({ body, deps, principal }) {
    const row = await findLiveSubscription(deps, principal.organizationId);
    const wanted = findWanted(deps, body);
    refuseChange(row);
    const ref = { pool: deps.pool, gatewayId: row.gateway_id };
    const gateway = gatewayOf(deps, row.gateway);
    if (row.plan_id === body.plan && row.billing_interval === body.interval) {
      return accepted(presentChange('keep', wanted, await askGateway(() => gateway.keep(ref))));
    }
    if (perMonth(wanted) > monthlyPriceOf(deps, row)) {
      return accepted(presentChange('upgrade', wanted, await askGateway(() => gateway.upgrade(ref, wanted))));
    }
    return accepted(presentChange('downgrade', wanted, await askGateway(() => gateway.downgrade(ref, wanted))));
  },
});

function findWanted({ catalog }: Deps, { plan, interval }: { plan: string; interval: 'month' | 'year' }): WantedPlan {
  const found = catalog.plans().find((candidate) => candidate.id === plan);
  const amountCents = found === undefined ? null : priceOf(found, interval);
  if (found === undefined || amountCents === null || amountCents <= 0) {
    throw invalidRequest([{ pointer: '/plan', detail: 'is not for sale; to leave, use POST /subscription/cancel' }]);
  }
  return { planId: plan, planName: found.name, interval, amountCents };
}

function refuseChange({ status, cancel_at_period_end: isEnding }: SubscriptionRow): void {
  if (status !== 'active' && status !== 'trialing') {
    const detail = 'Pay what is due, or resume, first; POST /billing/portal leads to where that is done.';
    throw new ApiError('conflict', { detail });
  }
  if (isEnding)
    throw new ApiError('conflict', { detail: 'It is to end; take that back with POST /subscription/resume.' });
}

/** Of a plan that is not sold any more nobody knows the price: every change from it is an upgrade. */
function monthlyPriceOf({ catalog }: Deps, row: SubscriptionRow): number {
  const plan = catalog.plans().find((candidate) => candidate.id === row.plan_id);
  const interval = row.billing_interval === 'year' ? 'year' : 'month';
  const amountCents = plan === undefined ? null : priceOf(plan, interval);
  return perMonth({ interval, amountCents: amountCents ?? 0 });
}

function priceOf(plan: CatalogPlan, interval: 'month' | 'year'): number | null {
  return interval === 'year' ? plan.priceYearCents : plan.priceMonthCents;
}

function perMonth({ interval, amountCents }: Pick<WantedPlan, 'interval' | 'amountCents'>): number {
  return interval === 'year' ? amountCents / 12 : amountCents;
}
