import { at, nowSeconds, type StripeAccount } from '../account.ts';
import type { SchedulePhase, Subscription, SubscriptionSchedule } from '../billing-objects.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { newId } from '../new-id.ts';
import { StripeError } from '../stripe-error.ts';
import { changePrice, planPriceChange } from './change-price.ts';
import { periodOf } from './invoice-lines.ts';
import { periodEndOf } from './renew-subscription.ts';
import { advanceSchedule, phaseItems } from './schedule-phases.ts';

/** A schedule whose only phase is what the subscription does already, until the end of its period. */
export function scheduleFrom(account: StripeAccount, subscription: Subscription): SubscriptionSchedule {
  const [item] = subscription.items.data;
  if (!item) throw new StripeError('The subscription has no items.');
  const { start, end } = periodOf(item);
  const items = subscription.items.data.map(({ price, quantity }) => ({ price: price.id, quantity }));
  const phase = buildPhase({ start_date: start, end_date: end, items, metadata: {}, proration_behavior: 'none' });
  const schedule = {
    id: newId('sub_sched'),
    object: 'subscription_schedule' as const,
    application: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    canceled_at: null,
    completed_at: null,
    created: nowSeconds(account),
    current_phase: { start_date: start, end_date: end },
    customer: subscription.customer,
    customer_account: null,
    default_settings: defaultSettings(),
    end_behavior: 'release' as const,
    livemode: false,
    metadata: {},
    pause_schedules: [],
    phases: [phase],
    released_at: null,
    released_subscription: null,
    status: 'active' as const,
    subscription: subscription.id,
    test_clock: null,
  };
  account.schedules.add(schedule);
  emitEvent(account, 'subscription_schedule.created', schedule);
  changeObject(account, subscription, 'customer.subscription.updated', { schedule: schedule.id });
  planPhases(account, schedule);
  return schedule;
}

/** Replaces the phases, and plans their beginnings and the end of the last. */
export function setPhases(
  account: StripeAccount,
  schedule: SubscriptionSchedule,
  change: Partial<SubscriptionSchedule>,
): void {
  const now = nowSeconds(account);
  const current = change.phases?.find(({ start_date, end_date }) => start_date <= now && now < end_date);
  changeObject(account, schedule, 'subscription_schedule.updated', {
    ...change,
    ...(current && { current_phase: { start_date: current.start_date, end_date: current.end_date } }),
  });
  planPhases(account, schedule);
}

export function buildPhase(fields: SchedulePhase): SchedulePhase {
  const phase = {
    ...fields,
    items: fields.items.map((item) => ({
      billing_thresholds: null,
      discounts: [],
      metadata: {},
      plan: item.price,
      tax_rates: [],
      ...item,
    })),
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: null,
    billing_thresholds: null,
    collection_method: null,
    currency: 'brl',
    default_payment_method: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    invoice_settings: null,
    on_behalf_of: null,
    transfer_data: null,
    trial_end: null,
  };
  return phase;
}

function planPhases(account: StripeAccount, schedule: SubscriptionSchedule): void {
  const now = nowSeconds(account);
  const times = schedule.phases.flatMap(({ start_date, end_date }) => [start_date, end_date]);
  for (const time of new Set(times.filter((moment) => moment > now))) {
    at(account, time, () => enterPhase(account, schedule, time));
  }
}

/** A boundary in the middle of a period. At the end of one, the renewal does this: its invoice has the new price then. */
function enterPhase(account: StripeAccount, schedule: SubscriptionSchedule, time: number): void {
  const subscription = account.subscriptions.find(schedule.subscription);
  if (schedule.status !== 'active' || !subscription || periodEndOf(subscription) === time) return;
  if (!account.customers.find(subscription.customer)) return;
  const advance = advanceSchedule(account, subscription);
  if (advance.fate !== 'phase') return;
  const items = phaseItems(account, subscription, advance.phase);
  const changes = items.map((wanted, index) => ({
    item: subscription.items.data[index] ?? null,
    price: wanted.price,
    quantity: wanted.quantity,
    isDeleted: false,
  }));
  const proration = advance.phase.proration_behavior;
  const plan = planPriceChange(account, subscription, changes, time, proration !== 'none');
  changePrice(account, subscription, plan, { proration, payment: 'allow_incomplete' });
}

function defaultSettings() {
  return {
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: 'automatic',
    billing_thresholds: null,
    collection_method: 'charge_automatically',
    default_payment_method: null,
    description: null,
    invoice_settings: { account_tax_ids: null, days_until_due: null, issuer: { type: 'self' } },
    on_behalf_of: null,
    transfer_data: null,
  };
}
