import { at, nowSeconds, type StripeAccount } from '../account.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { SchedulePhase, Subscription, SubscriptionSchedule } from '../objects.ts';
import type { Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { requirePrice } from '../catalog/prices.ts';
import { changePrice, planPriceChange } from './change-price.ts';
import { endSubscription } from './end-subscription.ts';
import { periodOf } from './invoice-lines.ts';
import { periodFrom } from './periods.ts';
import { advanceSchedule, phaseItems, releaseSchedule } from './schedule-phases.ts';
import { periodEndOf } from './renew-subscription.ts';
import { requireSubscription } from './subscriptions.ts';

const prorations = ['none', 'create_prorations', 'always_invoice'] as const;
const intervals = ['day', 'week', 'month', 'year'] as const;

export const createSchedule: StripeHandler = ({ account, params }) => {
  const subscriptionId = params.requiredText('from_subscription');
  params.done();
  const subscription = requireSubscription(account, subscriptionId, 'from_subscription');
  if (subscription.schedule !== null) {
    const message = `You cannot migrate a subscription that is already attached to a schedule: \`${subscription.schedule}\`.`;
    throw new StripeError(message, { param: 'from_subscription' });
  }
  if (subscription.ended_at !== null) {
    throw new StripeError('You cannot migrate a subscription that has ended.', { param: 'from_subscription' });
  }
  return scheduleFrom(account, subscription);
};

export const retrieveSchedule: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requireSchedule(account, id);
};

export const listSchedules: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const customer = params.text('customer');
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.schedules,
    '/v1/subscription_schedules',
    page,
    (schedule) => (customer === undefined || schedule.customer === customer) && isCreated(schedule.created),
  );
};

export const updateSchedule: StripeHandler = ({ account, params, id }) => {
  const schedule = requireActive(account, id);
  const phases = params.has('phases') ? readPhases(account, schedule, params) : schedule.phases;
  const change: Partial<SubscriptionSchedule> = {
    phases,
    end_behavior: params.choice('end_behavior', ['release', 'cancel']) ?? schedule.end_behavior,
    metadata: params.metadata(schedule.metadata),
  };
  params.ignore('proration_behavior');
  params.done();
  setPhases(account, schedule, change);
  return schedule;
};

export const releaseScheduleCall: StripeHandler = ({ account, params, id }) => {
  const schedule = requireActive(account, id);
  params.ignore('preserve_cancel_date');
  params.done();
  releaseSchedule(account, schedule);
  return schedule;
};

/** POST /subscription_schedules/:id/cancel ends the subscription, too. */
export const cancelSchedule: StripeHandler = ({ account, params, id }) => {
  const schedule = requireActive(account, id);
  params.done();
  const subscription = account.subscriptions.find(schedule.subscription);
  if (subscription) endSubscription(account, subscription, 'cancellation_requested');
  return schedule;
};

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

function readPhases(account: StripeAccount, schedule: SubscriptionSchedule, params: Params): SchedulePhase[] {
  const now = nowSeconds(account);
  let start = schedule.current_phase?.start_date ?? now;
  const phases = params.groups('phases').map((phase, index) => {
    const sentStart = readMoment(phase, 'start_date', now);
    if (index > 0 && sentStart !== undefined && sentStart !== start) {
      throw new StripeError('Each phase must begin where the one before it ends.', { param: phase.pathOf('start_date') });
    }
    const begin = sentStart ?? start;
    const items = phase.groups('items').map((item) => ({
      price: requirePrice(account, item.requiredText('price'), item.pathOf('price')).id,
      quantity: item.integer('quantity', { min: 1 }) ?? 1,
    }));
    if (items.length === 0) throw phase.missing('items');
    const end = readMoment(phase, 'end_date', now) ?? readDuration(account, phase, begin, items[0]?.price ?? '');
    if (end <= begin) throw new StripeError('A phase must end after it begins.', { param: phase.pathOf('end_date') });
    start = end;
    return buildPhase({
      start_date: begin,
      end_date: end,
      items,
      metadata: phase.metadata(),
      proration_behavior: phase.choice('proration_behavior', prorations) ?? 'create_prorations',
    });
  });
  if (phases.length === 0) throw params.missing('phases');
  return phases;
}

/** Without an end, a phase lasts one interval of its price. */
function readDuration(account: StripeAccount, phase: Params, begin: number, priceId: string): number {
  const duration = phase.group('duration');
  const own = account.prices.find(priceId)?.recurring ?? { interval: 'month', interval_count: 1 };
  if (!duration) return periodFrom(begin, begin, own).end;
  const interval = duration.choice('interval', intervals);
  if (interval === undefined) throw duration.missing('interval');
  const count = duration.integer('interval_count', { min: 1 }) ?? 1;
  return periodFrom(begin, begin, { interval, interval_count: count }).end;
}

function readMoment(phase: Params, name: string, now: number): number | undefined {
  return phase.text(name) === 'now' ? now : phase.integer(name);
}

function requireSchedule(account: StripeAccount, id: string): SubscriptionSchedule {
  const schedule = account.schedules.find(id);
  if (!schedule) throw noSuch('subscription_schedule', id);
  return schedule;
}

function requireActive(account: StripeAccount, id: string): SubscriptionSchedule {
  const schedule = requireSchedule(account, id);
  if (schedule.status !== 'active') {
    const message = `You cannot change a subscription schedule that is currently in the \`${schedule.status}\` status.`;
    throw new StripeError(message);
  }
  return schedule;
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
