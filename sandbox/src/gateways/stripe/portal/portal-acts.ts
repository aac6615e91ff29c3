import { nowSeconds, type StripeAccount } from '../account.ts';
import type { Subscription, SubscriptionItem } from '../billing-objects.ts';
import { changeObject } from '../emit-event.ts';
import type { Price } from '../objects.ts';
import { StripeError } from '../stripe-error.ts';
import { changePrice, planPriceChange } from '../subscriptions/change-price.ts';
import { endSubscription } from '../subscriptions/end-subscription.ts';
import { periodFrom } from '../subscriptions/periods.ts';
import { buildPhase, scheduleFrom, setPhases } from '../subscriptions/schedule-lifecycle.ts';
import { releaseSchedule } from '../subscriptions/schedule-phases.ts';
import { cancellation } from '../subscriptions/update-subscription.ts';
import { defaultConfiguration } from './configurations.ts';

const intervalDays = { day: 1, week: 7, month: 30, year: 365 };

/** What a customer does on the portal page, within what the newest configuration says about it. */
export function cancelInPortal(account: StripeAccount, subscription: Subscription): void {
  requireRunning(subscription);
  const { mode } = currentFeatures(account).subscription_cancel;
  if (mode === 'immediately') {
    endSubscription(account, subscription, 'cancellation_requested');
    return;
  }
  releaseAny(account, subscription);
  changeObject(account, subscription, 'customer.subscription.updated', cancellation(account, subscription, true));
}

/** The customer stays after all. */
export function resumeInPortal(account: StripeAccount, subscription: Subscription): void {
  requireRunning(subscription);
  changeObject(account, subscription, 'customer.subscription.updated', cancellation(account, subscription, false));
}

/** Another price: at once and billed, or at the end of the period when the configuration says so for cheaper ones. */
export function changeInPortal(account: StripeAccount, subscription: Subscription, price: Price): void {
  requireRunning(subscription);
  const [item] = subscription.items.data;
  if (!item || price.recurring === null) throw new StripeError('This price cannot be subscribed to.');
  const features = currentFeatures(account).subscription_update;
  const waits = features.schedule_at_period_end.conditions.some(({ type }) => isMet(type, item, price));
  releaseAny(account, subscription);
  if (waits) {
    changeLater(account, subscription, item, price);
    return;
  }
  const changes = [{ item, price, quantity: item.quantity, isDeleted: false }];
  const proration = features.proration_behavior;
  const plan = planPriceChange(account, subscription, changes, nowSeconds(account), proration !== 'none');
  changePrice(account, subscription, plan, { proration, payment: 'pending_if_incomplete' });
}

function changeLater(account: StripeAccount, subscription: Subscription, item: SubscriptionItem, price: Price): void {
  const schedule = scheduleFrom(account, subscription);
  const start = item.current_period_end;
  const { end } = periodFrom(start, start, price.recurring ?? { interval: 'month', interval_count: 1 });
  const next = buildPhase({
    start_date: start,
    end_date: end,
    items: [{ price: price.id, quantity: item.quantity }],
    metadata: {},
    proration_behavior: 'none',
  });
  setPhases(account, schedule, { phases: [...schedule.phases, next] });
}

function isMet(condition: string, item: SubscriptionItem, price: Price): boolean {
  const [was, is] = [item.price.recurring, price.recurring];
  if (!was || !is) return false;
  if (condition === 'shortening_interval') {
    return intervalDays[is.interval] * is.interval_count < intervalDays[was.interval] * was.interval_count;
  }
  return was.interval === is.interval && price.unit_amount < item.price.unit_amount;
}

function currentFeatures(account: StripeAccount) {
  const [newest] = account.portalConfigurations.newestFirst(({ active }) => active);
  return (newest ?? defaultConfiguration(account)).features;
}

function releaseAny(account: StripeAccount, subscription: Subscription): void {
  const schedule = account.schedules.find(subscription.schedule);
  if (schedule) releaseSchedule(account, schedule);
}

function requireRunning(subscription: Subscription): void {
  if (subscription.ended_at !== null) throw new StripeError(`The subscription is ${subscription.status}.`);
}
