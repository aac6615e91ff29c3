import { forgetCustomer } from '@base/shared/db/queries/gateway-records';
import { readSchedule } from '@base/shared/gateways/stripe/read-subscription';
import { mirrorSubscription } from './mirror-subscription.ts';
import type { StripeHandler } from './stripe-context.ts';

const mirror: StripeHandler = async (context, occasion) => {
  const { status } = await mirrorSubscription(context, occasion);
  return status === null ? 'ignored' : 'processed';
};

/** A planned change is part of the subscription's state. */
const mirrorScheduled: StripeHandler = async (context, { objectId, asOf }) => {
  const schedule = readSchedule(await context.stripe.subscriptionSchedules.retrieve(objectId), context.clock.now());
  if (schedule.subscriptionId === null) return 'ignored';
  return mirror(context, { objectId: schedule.subscriptionId, asOf });
};

const forget: StripeHandler = async ({ pool }, { objectId }) => {
  await forgetCustomer(pool, 'stripe', objectId);
  return 'processed';
};

/** Nothing here brings credits: those come from invoices alone. */
export const subscriptionHandlers: Readonly<Record<string, StripeHandler>> = {
  'customer.subscription.created': mirror,
  'customer.subscription.updated': mirror,
  'customer.subscription.deleted': mirror,
  'customer.subscription.paused': mirror,
  'customer.subscription.resumed': mirror,
  'customer.subscription.pending_update_applied': mirror,
  'customer.subscription.pending_update_expired': mirror,
  'customer.subscription.trial_will_end': mirror,
  'subscription_schedule.created': mirrorScheduled,
  'subscription_schedule.updated': mirrorScheduled,
  'subscription_schedule.released': mirrorScheduled,
  'subscription_schedule.canceled': mirrorScheduled,
  'subscription_schedule.completed': mirrorScheduled,
  'customer.deleted': forget,
};
