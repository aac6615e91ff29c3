import { nowSeconds, type StripeAccount } from '../account.ts';
import type {
  Period,
  SchedulePhase,
  Subscription,
  SubscriptionItem,
  SubscriptionSchedule,
} from '../billing-objects.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { buildItem, withPrice } from './build-subscription.ts';
import { endSubscription } from './end-subscription.ts';
import { periodOf } from './invoice-lines.ts';

export type Advance = { fate: 'ended' } | { fate: 'phase'; phase: SchedulePhase } | { fate: 'unchanged' };

/** Brings the schedule of a subscription to the present. Whoever asks applies the items of a phase that has begun. */
export function advanceSchedule(account: StripeAccount, subscription: Subscription): Advance {
  const schedule = account.schedules.find(subscription.schedule);
  const now = nowSeconds(account);
  if (schedule?.status !== 'active') return { fate: 'unchanged' };
  if (now >= (schedule.phases.at(-1)?.end_date ?? 0)) {
    if (schedule.end_behavior === 'release') {
      releaseSchedule(account, schedule);
      return { fate: 'unchanged' };
    }
    Object.assign(schedule, { status: 'completed', completed_at: now, current_phase: null });
    emitEvent(account, 'subscription_schedule.completed', schedule);
    endSubscription(account, subscription, 'cancellation_requested');
    return { fate: 'ended' };
  }
  const phase = schedule.phases.find(({ start_date, end_date }) => start_date <= now && now < end_date);
  if (!phase || phase.start_date === schedule.current_phase?.start_date) return { fate: 'unchanged' };
  changeObject(account, schedule, 'subscription_schedule.updated', {
    current_phase: { start_date: phase.start_date, end_date: phase.end_date },
  });
  return { fate: 'phase', phase };
}

/** Lets the subscription go on by itself. */
export function releaseSchedule(account: StripeAccount, schedule: SubscriptionSchedule): void {
  const subscription = account.subscriptions.find(schedule.subscription);
  Object.assign(schedule, {
    status: 'released',
    released_at: nowSeconds(account),
    released_subscription: schedule.subscription,
    current_phase: null,
    subscription: null,
  });
  emitEvent(account, 'subscription_schedule.released', schedule);
  if (subscription) changeObject(account, subscription, 'customer.subscription.updated', { schedule: null });
}

/** The subscription's items as a phase wants them. */
export function phaseItems(
  account: StripeAccount,
  subscription: Subscription,
  phase: SchedulePhase,
  period?: Period,
): SubscriptionItem[] {
  const [first] = subscription.items.data;
  return phase.items.flatMap(({ price: priceId, quantity }, index) => {
    const price = account.prices.find(priceId);
    const item = subscription.items.data[index];
    const lasts = period ?? (first ? periodOf(first) : undefined);
    if (!price || !lasts) return [];
    if (item) return [withPrice(item, price, quantity, lasts)];
    return [buildItem(subscription.id, nowSeconds(account), price, quantity, lasts)];
  });
}
