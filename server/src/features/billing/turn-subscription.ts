import { subscriptionChange } from '@base/shared/contracts/billing';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { accepted, type Endpoint, endpoint } from '../../http/endpoint.ts';
import { findLiveSubscription, type SubscriptionRow } from './find-subscription.ts';
import type { BillingGateway } from './gateways/gateway.ts';
import { askGateway, gatewayOf } from './pick-gateway.ts';
import { presentChange } from './present-change.ts';

interface Turn {
  action: 'cancel' | 'resume' | 'pause';
  summary: string;
  description: string;
  /** What speaks against it, or null. */
  obstacle(row: SubscriptionRow): string | null;
}

export const cancelSubscription = turn({
  action: 'cancel',
  summary: 'End the subscription with its period',
  description: 'What is paid for stays until then; afterwards the organization is on the free plan.',
  obstacle: () => null,
});

export const resumeSubscription = turn({
  action: 'resume',
  summary: 'Take a cancellation back, or end a pause',
  description: 'After a pause a new period begins and is charged, less what the pause had left over.',
  obstacle: (row) =>
    row.status === 'paused' || row.cancel_at_period_end ? null : 'It is neither paused nor about to end.',
});

export const pauseSubscription = turn({
  action: 'pause',
  summary: 'Pause the subscription',
  description:
    'From now on nothing is charged and the organization is on the free plan; what of the period is not used is a credit for the time after the pause.',
  obstacle: (row) => (row.status === 'active' ? null : 'Only an active subscription can be paused.'),
});

function turn({ action, summary, description, obstacle }: Turn): Endpoint {
  return endpoint({
    method: 'post',
    path: `/subscription/${action}`,
    tag: 'billing',
    summary,
    description,
    access: 'billing:write',
    body: z.strictObject({}),
    responses: { 202: { description: 'What will happen, and when.', body: subscriptionChange } },
    errors: ['conflict', 'service_unavailable'],
    async handle({ deps, principal }) {
      const row = await findLiveSubscription(deps, principal.organizationId);
      const detail = obstacle(row);
      if (detail !== null) throw new ApiError('conflict', { detail });
      const gateway: BillingGateway = gatewayOf(deps, row.gateway);
      const change = await askGateway(() => gateway[action]({ pool: deps.pool, gatewayId: row.gateway_id }));
      const interval = row.billing_interval === 'year' ? ('year' as const) : ('month' as const);
      return accepted(presentChange(action, { planId: row.plan_id, interval }, change));
    },
  });
}
