import type { Clock } from '@base/shared/gateways/clock';
import { GatewayError } from '@base/shared/gateways/gateway-error';
import type { StripeClient } from '@base/shared/gateways/stripe/client';
import {
  readSchedule,
  readSubscription,
  type StripeSubscription,
} from '@base/shared/gateways/stripe/read-subscription';
import { callStripe } from '@base/shared/gateways/stripe/translate-error';
import type { ChangeAtGateway, SubscriptionRef, WantedPlan } from '../gateway.ts';
import { type PricedItem, withPrice } from './stripe-price.ts';

const now: ChangeAtGateway = { when: 'now', effectiveAt: null, paymentUrl: null };

/** Bills the difference at once; the price changes only when it is paid. */
export async function upgradeStripeSubscription(
  stripe: StripeClient,
  ref: SubscriptionRef,
  plan: WantedPlan,
): Promise<ChangeAtGateway> {
  const subscription = await retrieve(stripe, ref);
  await release(stripe, subscription);
  const { id, itemId, priceId, latestInvoiceId } = subscription;
  const changed = await withPrice(ref.pool, stripe, pricedItem(plan), (price) =>
    callStripe(() =>
      stripe.subscriptions.update(
        id,
        {
          items: [{ id: itemId, price }],
          proration_behavior: 'always_invoice',
          payment_behavior: 'pending_if_incomplete',
          expand: ['latest_invoice'],
        },
        // Each upgrade makes an invoice, so the one before tells this wish from an earlier one.
        { idempotencyKey: `upgrade:${id}:${priceId}:${price}:${latestInvoiceId}` },
      ),
    ),
  );
  if (!readSubscription(changed).hasPendingUpdate) return now;
  const invoice = changed.latest_invoice;
  const paymentUrl = typeof invoice === 'object' ? (invoice?.hosted_invoice_url ?? null) : null;
  return { when: 'paid', effectiveAt: null, paymentUrl };
}

/** Leaves this period as it is paid for, and begins the next one at the other price. */
export async function downgradeStripeSubscription(
  stripe: StripeClient,
  clock: Clock,
  ref: SubscriptionRef,
  plan: WantedPlan,
): Promise<ChangeAtGateway> {
  const subscription = await retrieve(stripe, ref);
  const { id, priceId, periodEnd, scheduleId } = subscription;
  const made = await callStripe(() =>
    scheduleId === null
      ? stripe.subscriptionSchedules.create({ from_subscription: id })
      : stripe.subscriptionSchedules.retrieve(scheduleId),
  );
  const schedule = readSchedule(made, clock.now());
  const start = schedule.phaseStart ?? subscription.periodStart;
  await withPrice(ref.pool, stripe, pricedItem(plan), (price) =>
    callStripe(() =>
      stripe.subscriptionSchedules.update(schedule.id, {
        end_behavior: 'release',
        phases: [
          { items: [{ price: priceId, quantity: 1 }], start_date: seconds(start), end_date: seconds(periodEnd) },
          {
            items: [{ price, quantity: 1 }],
            start_date: seconds(periodEnd),
            duration: { interval: plan.interval, interval_count: 1 },
            proration_behavior: 'none',
          },
        ],
      }),
    ),
  );
  return { when: 'period_end', effectiveAt: periodEnd, paymentUrl: null };
}

export async function keepStripePlan(stripe: StripeClient, ref: SubscriptionRef): Promise<ChangeAtGateway> {
  await release(stripe, await retrieve(stripe, ref));
  return now;
}

export async function cancelStripeSubscription(stripe: StripeClient, ref: SubscriptionRef): Promise<ChangeAtGateway> {
  const subscription = await retrieve(stripe, ref);
  await release(stripe, subscription);
  await callStripe(() => stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true }));
  return { when: 'period_end', effectiveAt: subscription.periodEnd, paymentUrl: null };
}

export async function resumeStripeSubscription(stripe: StripeClient, ref: SubscriptionRef): Promise<ChangeAtGateway> {
  const { id, status } = await retrieve(stripe, ref);
  await callStripe(() =>
    status === 'paused'
      ? stripe.subscriptions.resume(id, { billing_cycle_anchor: { type: 'now' } })
      : stripe.subscriptions.update(id, { cancel_at_period_end: false }),
  );
  return now;
}

/** What of the period is not used is a credit for the time after the pause. */
export async function pauseStripeSubscription(stripe: StripeClient, ref: SubscriptionRef): Promise<ChangeAtGateway> {
  const subscription = await retrieve(stripe, ref);
  await release(stripe, subscription);
  await callStripe(() => stripe.subscriptions.pause(subscription.id));
  return now;
}

function pricedItem({ planId, interval, planName: name, amountCents }: WantedPlan): PricedItem {
  return { item: { planId, interval }, name, amountCents };
}

async function retrieve(stripe: StripeClient, { gatewayId }: SubscriptionRef): Promise<StripeSubscription> {
  const subscription = readSubscription(await callStripe(() => stripe.subscriptions.retrieve(gatewayId)));
  if (subscription.status === 'canceled') {
    throw new GatewayError('invalid', `Stripe: the subscription ${gatewayId} has ended`, { codes: ['ended'] });
  }
  return subscription;
}

/** A schedule would refuse, or undo, what is wanted now. */
async function release(stripe: StripeClient, { scheduleId }: StripeSubscription): Promise<void> {
  if (scheduleId !== null) await callStripe(() => stripe.subscriptionSchedules.release(scheduleId));
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
