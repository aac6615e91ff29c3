import type { SubscriptionStatus } from '../../db/queries/billing.ts';
import { scheduleSchema, subscriptionSchema } from './schemas.ts';

export interface StripeSubscription {
  id: string;
  customerId: string;
  /** As our checkout wrote it there. */
  organizationId: string | null;
  /** Null while it has never been paid for, and for states that this version does not know: then nothing is written. */
  status: SubscriptionStatus | null;
  startedAt: Date;
  itemId: string;
  priceId: string;
  periodStart: Date;
  periodEnd: Date;
  trialEnd: Date | null;
  /** Where its periods are counted from. */
  anchor: Date;
  cancelAtPeriodEnd: boolean;
  canceledAt: Date | null;
  scheduleId: string | null;
  latestInvoiceId: string | null;
  /** A change waits for its invoice to be paid. */
  hasPendingUpdate: boolean;
}

const statuses: Readonly<Record<string, SubscriptionStatus>> = {
  trialing: 'trialing',
  active: 'active',
  past_due: 'past_due',
  // Stripe has given up charging; what that means for the plan is decided by our time of grace.
  unpaid: 'past_due',
  paused: 'paused',
  canceled: 'canceled',
};
/** An end this close after that of the period is the same. */
const endSlackSeconds = 86_400;

/** What of a subscription matters here. @throws Error when it has no item or no period: then it is not one of ours */
export function readSubscription(object: unknown): StripeSubscription {
  const found = subscriptionSchema.parse(object);
  const [item] = found.items.data;
  const start = item?.current_period_start ?? found.current_period_start;
  const end = item?.current_period_end ?? found.current_period_end;
  if (item === undefined || start === null || end === null) {
    throw new Error(`the subscription ${found.id} has no item with a period`);
  }
  const endsWithPeriod = found.cancel_at !== null && found.cancel_at <= end + endSlackSeconds;
  return {
    id: found.id,
    customerId: found.customer,
    organizationId: found.metadata.organization_id ?? null,
    status: statuses[found.status] ?? null,
    startedAt: toDate(found.start_date ?? found.created),
    itemId: item.id,
    priceId: item.price.id,
    periodStart: toDate(start),
    periodEnd: toDate(Math.max(end, start + 1)),
    trialEnd: found.trial_end === null ? null : toDate(found.trial_end),
    anchor: toDate(found.billing_cycle_anchor ?? start),
    // Newer billing modes keep only the moment.
    cancelAtPeriodEnd: found.status !== 'canceled' && (found.cancel_at_period_end || endsWithPeriod),
    canceledAt: toDateOrNull(found.ended_at ?? found.canceled_at),
    scheduleId: found.schedule,
    latestInvoiceId: found.latest_invoice,
    hasPendingUpdate: found.pending_update !== null && found.pending_update !== undefined,
  };
}

export interface StripeSchedule {
  id: string;
  isActive: boolean;
  subscriptionId: string | null;
  /** Of the phase that runs. */
  phaseStart: Date | null;
  phaseEnd: Date | null;
  /** Of the phase after that. */
  nextPriceId: string | null;
}

/** Which price a schedule changes to, and when. */
export function readSchedule(object: unknown, now: Date): StripeSchedule {
  const found = scheduleSchema.parse(object);
  const seconds = now.getTime() / 1000;
  const current = found.phases.find((phase) => phase.start_date <= seconds && seconds < phase.end_date);
  const next = found.phases.find((phase) => phase.start_date > seconds);
  const isActive = found.status === 'active' || found.status === 'not_started';
  return {
    id: found.id,
    isActive,
    subscriptionId: found.subscription ?? found.released_subscription,
    phaseStart: toDateOrNull(current?.start_date ?? null),
    phaseEnd: toDateOrNull(current?.end_date ?? null),
    nextPriceId: isActive ? (next?.items[0]?.price ?? null) : null,
  };
}

function toDate(seconds: number): Date {
  return new Date(seconds * 1000);
}

function toDateOrNull(seconds: number | null): Date | null {
  return seconds === null ? null : toDate(seconds);
}
