import { type billingIntervals, type gateways, subscription } from '@base/shared/contracts/billing';
import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findSubscription } from './find-subscription.ts';

export const getSubscription = endpoint({
  method: 'get',
  path: '/subscription',
  tag: 'billing',
  summary: 'The plan that holds, and the subscription behind it',
  description: 'As the gateway last told us; a change that was just asked for shows within seconds.',
  access: 'billing:read',
  responses: { 200: { description: 'The subscription.', body: subscription } },
  async handle({ deps, principal }) {
    const [organization, row] = await Promise.all([
      deps.db
        .selectFrom('organizations')
        .select('plan_id')
        .where('id', '=', principal.organizationId)
        .executeTakeFirst(),
      findSubscription(deps, principal.organizationId),
    ]);
    if (organization === undefined) throw new ApiError('not_found');
    return ok({
      object: 'subscription' as const,
      plan: organization.plan_id,
      status: row?.status ?? null,
      subscribed_plan: row?.plan_id ?? null,
      // CHECK constraints leave only these.
      gateway: (row?.gateway ?? null) as (typeof gateways)[number] | null,
      interval: (row?.billing_interval ?? null) as (typeof billingIntervals)[number] | null,
      current_period_start: row?.current_period_start.toISOString() ?? null,
      current_period_end: row?.current_period_end.toISOString() ?? null,
      trial_end: row?.trial_end?.toISOString() ?? null,
      cancel_at_period_end: row?.cancel_at_period_end ?? false,
      next_plan: row?.next_plan_id ?? null,
      grace_ends_at: row?.grace_ends_at?.toISOString() ?? null,
    });
  },
});
