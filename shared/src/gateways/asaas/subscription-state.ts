import type { OrderedPlan } from '../../db/queries/asaas-orders.ts';
import { addMonths, daysBetween, startOfDay } from './brazil-days.ts';
import { readPaymentState } from './payment-state.ts';
import type { AsaasPayment, AsaasSubscription } from './schemas.ts';

// A subscription at Asaas makes payments and knows nothing of what they are for or whether they were paid. Its state
// here follows from its payments:
//
//   none was ever paid                        nothing
//   the newest one due is paid                active
//   one due after the newest paid is overdue  past_due
//   it makes no more payments (INACTIVE)      active, to end with what is paid for; then canceled
//   it was removed                            canceled

/** Months without the day of the first due date end earlier: the next due date may be some days off. */
const driftDays = 4;

export interface DatedPayment extends AsaasPayment {
  dueDate: string;
}

export interface SubscriptionReading {
  status: 'active' | 'past_due' | 'canceled';
  plan: OrderedPlan;
  periodStart: Date;
  periodEnd: Date;
  cancelAtPeriodEnd: boolean;
  nextPlanId: string | null;
}

/**
 * The plan that an amount stands for at a due date, among those that were ordered for the subscription; null for an
 * amount that is none of theirs. Of two with the same amount it is the one in force, and an earlier amount is still good
 * for what was asked for before a change.
 */
export function findPlanOfAmount(
  plans: readonly OrderedPlan[],
  amountCents: number,
  dueDate: string,
): OrderedPlan | null {
  const equal = plans.filter((plan) => plan.amountCents === amountCents);
  return equal.findLast(({ effectiveOn }) => effectiveOn === null || effectiveOn <= dueDate) ?? equal[0] ?? null;
}

export function isDated(payment: AsaasPayment): payment is DatedPayment {
  return payment.dueDate !== null && !Number.isNaN(Date.parse(payment.dueDate));
}

/** Months of one payment. */
export function monthsOf(interval: 'month' | 'year'): number {
  return interval === 'year' ? 12 : 1;
}

/** The day on which what a payment pays for ends: the next due date as Asaas counts it. */
export function findNextDue(
  subscription: AsaasSubscription,
  payments: readonly AsaasPayment[],
  dueDate: string,
  interval: 'month' | 'year',
): string {
  const computed = addMonths(dueDate, monthsOf(interval));
  const known = [
    ...payments.filter(({ deleted }) => !deleted).map((payment) => payment.dueDate),
    subscription.nextDueDate,
  ]
    .filter((day) => day !== null)
    .filter((day) => day > dueDate && Math.abs(daysBetween(computed, day)) <= driftDays);
  return known.sort((a, b) => Math.abs(daysBetween(computed, a)) - Math.abs(daysBetween(computed, b)))[0] ?? computed;
}

/**
 * What a subscription and its payments come to.
 * @param today YYYY-MM-DD in Brazil
 * @param wasPaid whether it stands here already: then losing its only payment makes it overdue, and not nothing
 */
export function readSubscriptionState(
  { subscription, payments }: { subscription: AsaasSubscription; payments: readonly AsaasPayment[] },
  plans: readonly OrderedPlan[],
  { today, wasPaid }: { today: string; wasPaid: boolean },
): SubscriptionReading | null {
  const dated = payments
    .filter(isDated)
    .filter(({ deleted }) => !deleted)
    .map((payment) => ({ payment, plan: findPlanOfAmount(plans, payment.valueCents, payment.dueDate) }))
    .flatMap(({ payment, plan }) => (plan === null ? [] : [{ ...payment, plan }]))
    .sort((a, b) => (a.dueDate < b.dueDate ? -1 : 1));
  const paid = dated.filter((payment) => readPaymentState(payment).isPaid);
  const current = paid.findLast(({ dueDate }) => dueDate <= today) ?? paid[0] ?? (wasPaid ? dated[0] : undefined);
  if (current === undefined) return null;
  const nextDue = ({ dueDate, plan }: typeof current) => findNextDue(subscription, payments, dueDate, plan.interval);
  const paidThrough = paid.length === 0 ? current.dueDate : nextDue(paid.at(-1) ?? current);
  const isOverdue =
    paid.length === 0 ||
    dated.some((payment) => readPaymentState(payment).isOverdue && payment.dueDate > current.dueDate);
  const isEnding = subscription.status !== 'ACTIVE';
  const isOver = subscription.deleted || (isEnding && paidThrough <= today);
  const status = isOver ? 'canceled' : isOverdue && !isEnding ? 'past_due' : 'active';
  return {
    status,
    plan: current.plan,
    periodStart: startOfDay(current.dueDate),
    periodEnd: startOfDay(nextDue(current)),
    cancelAtPeriodEnd: isEnding && !isOver,
    nextPlanId: isEnding || isOver ? null : findNextPlan(subscription, plans, current.plan),
  };
}

/** What the amount that Asaas will ask for next stands for, where that is another plan or interval. */
function findNextPlan(
  { valueCents, cycle, nextDueDate }: AsaasSubscription,
  plans: readonly OrderedPlan[],
  current: OrderedPlan,
): string | null {
  const interval = cycle === 'YEARLY' ? 'year' : 'month';
  const next = findPlanOfAmount(
    plans.filter((plan) => plan.interval === interval),
    valueCents,
    nextDueDate ?? '9999-12-31',
  );
  const isOther = next !== null && (next.planId !== current.planId || next.interval !== current.interval);
  return isOther ? next.planId : null;
}
