import { nowSeconds, type StripeAccount } from '../account.ts';
import type { SchedulePhase, SubscriptionSchedule } from '../billing-objects.ts';
import { requirePrice } from '../catalog/prices.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import type { Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { endSubscription } from './end-subscription.ts';
import { periodFrom } from './periods.ts';
import { buildPhase, scheduleFrom, setPhases } from './schedule-lifecycle.ts';
import { releaseSchedule } from './schedule-phases.ts';
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

function readPhases(account: StripeAccount, schedule: SubscriptionSchedule, params: Params): SchedulePhase[] {
  const now = nowSeconds(account);
  let start = schedule.current_phase?.start_date ?? now;
  const phases = params.groups('phases').map((phase, index) => {
    const sentStart = readMoment(phase, 'start_date', now);
    if (index > 0 && sentStart !== undefined && sentStart !== start) {
      throw new StripeError('Each phase must begin where the one before it ends.', {
        param: phase.pathOf('start_date'),
      });
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
