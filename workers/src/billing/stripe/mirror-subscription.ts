import { applySubscription } from '@base/shared/db/queries/billing';
import { findPlansOfPrices } from '@base/shared/db/queries/gateway-records';
import {
  readSchedule,
  readSubscription,
  type StripeSubscription,
} from '@base/shared/gateways/stripe/read-subscription';
import { UnusableEventError } from '../gateway.ts';
import { findOrganization, type Occasion, type StripeContext } from './stripe-context.ts';

/**
 * Writes the state that a subscription has at Stripe now. One that has never been paid for is not written.
 * @returns the subscription
 */
export async function mirrorSubscription(
  context: StripeContext,
  { objectId, asOf }: Occasion,
): Promise<StripeSubscription> {
  const subscription = readSubscription(await context.stripe.subscriptions.retrieve(objectId));
  await writeSubscription(context, subscription, asOf);
  return subscription;
}

/** Writes what was read at or after `asOf`. */
export async function writeSubscription(
  context: StripeContext,
  subscription: StripeSubscription,
  asOf: Date,
): Promise<void> {
  const { pool, graceDays, clock } = context;
  const { id, status, priceId } = subscription;
  if (status === null) return;
  const label = `the subscription ${id}`;
  const organizationId = await findOrganization(context, {
    label,
    customerId: subscription.customerId,
    written: subscription.organizationId,
  });
  const nextPriceId = await findNextPrice(context, subscription);
  const plans = await findPlansOfPrices(pool, 'stripe', nextPriceId === null ? [priceId] : [priceId, nextPriceId]);
  const plan = plans.get(priceId);
  if (plan === undefined) throw new UnusableEventError(`${label} has the price ${priceId}, which is not ours`);
  const code = await applySubscription(pool, {
    organizationId,
    gateway: 'stripe',
    gatewayId: id,
    planId: plan.planId,
    status,
    interval: plan.interval,
    startedAt: subscription.startedAt,
    periodStart: subscription.periodStart,
    periodEnd: subscription.periodEnd,
    trialEnd: subscription.trialEnd,
    cancelAtPeriodEnd: subscription.cancelAtPeriodEnd,
    canceledAt: subscription.canceledAt,
    nextPlanId: nextPriceId === null ? null : (plans.get(nextPriceId)?.planId ?? null),
    graceDays,
    asOf,
    now: clock.now(),
  });
  if (code === 'organization_not_found') throw new UnusableEventError(`${label} is of an organization that is gone`);
}

async function findNextPrice(
  { stripe, clock }: StripeContext,
  { scheduleId, status }: StripeSubscription,
): Promise<string | null> {
  if (scheduleId === null || status === 'canceled') return null;
  return readSchedule(await stripe.subscriptionSchedules.retrieve(scheduleId), clock.now()).nextPriceId;
}
