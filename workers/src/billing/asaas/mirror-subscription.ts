import {
  findMirrored,
  findOrderedPlans,
  findOwnSubscription,
  type OrderedPlan,
  type OwnSubscription,
} from '@base/shared/db/queries/asaas-orders';
import { applySubscription } from '@base/shared/db/queries/billing';
import { endCheckout } from '@base/shared/db/queries/checkouts';
import { addDays, addMonths, dayInBrazil, startOfDay } from '@base/shared/gateways/asaas/brazil-days';
import { readPaymentState } from '@base/shared/gateways/asaas/payment-state';
import type { AsaasPayment, AsaasSubscription } from '@base/shared/gateways/asaas/schemas';
import {
  findNextDue,
  findPlanOfAmount,
  isDated,
  monthsOf,
  readSubscriptionState,
} from '@base/shared/gateways/asaas/subscription-state';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import { UnusableEventError } from '../gateway.ts';
import type { AsaasContext, Occasion } from './asaas-context.ts';
import { refuseUnordered } from './refuse-unordered.ts';
import { type PaymentPurpose, writePayment } from './write-payment.ts';

interface Found {
  subscription: AsaasSubscription;
  payments: readonly AsaasPayment[];
  plans: readonly OrderedPlan[];
}

/**
 * Writes the state that a subscription has at Asaas now, and what has become of its payments since they were last
 * written: whatever event is lost, the next one makes up for it.
 * @param payment the one that it is about; the list may lack it
 * @returns `ignored` for a subscription that is not ours
 */
export async function mirrorSubscription(
  context: AsaasContext,
  { objectId, asOf }: Occasion,
  payment: AsaasPayment | null = null,
): Promise<'processed' | 'ignored'> {
  const { pool, asaas } = context;
  const found = await Promise.all([asaas.getSubscription(objectId), asaas.getNewestPayments(objectId)]).catch(
    (error: unknown) => {
      if (isGatewayError(error, 'not_found')) return null;
      throw error;
    },
  );
  const own = await findOwnSubscription(pool, objectId);
  if (found === null) {
    if (own !== null) await end(context, own, asOf);
    return own === null ? 'ignored' : 'processed';
  }
  const [subscription, listed] = found;
  const plans = await findOrderedPlans(pool, subscription);
  if (plans.length === 0) {
    if (payment !== null && readPaymentState(payment).isPaid) await refuseUnordered(context, payment);
    return 'ignored';
  }
  const payments = payment === null ? listed : [payment, ...listed.filter(({ id }) => id !== payment.id)];
  const facts = { subscription, payments, plans };
  await writeState(context, facts, own, asOf);
  await writePayments(context, facts, payment, asOf);
  return 'processed';
}

async function writeState(
  { pool, clock, graceDays }: AsaasContext,
  { subscription, payments, plans }: Found,
  own: OwnSubscription | null,
  asOf: Date,
): Promise<void> {
  const today = dayInBrazil(clock.now());
  const state = readSubscriptionState({ subscription, payments }, plans, { today, wasPaid: own !== null });
  if (state === null) {
    // Nobody can pay for it any more.
    const orderId = plans.find(({ checkoutId }) => checkoutId !== null)?.checkoutId;
    const isOver = subscription.deleted || subscription.status !== 'ACTIVE';
    if (isOver && orderId) await endCheckout(pool, orderId, 'expired', null);
    return;
  }
  const { plan, ...rest } = state;
  await applySubscription(pool, {
    organizationId: plan.organizationId,
    gateway: 'asaas',
    gatewayId: subscription.id,
    planId: plan.planId,
    interval: plan.interval,
    startedAt: own?.startedAt ?? startOf(subscription, plans),
    trialEnd: null,
    canceledAt: own?.canceledAt ?? null,
    ...rest,
    graceDays,
    asOf,
    now: clock.now(),
  });
}

/** Asaas tells the day; when it was ordered is nearer to the moment. */
function startOf({ dateCreated }: AsaasSubscription, [first]: readonly OrderedPlan[]): Date {
  const orderedAt = first?.orderedAt ?? new Date(0);
  if (dateCreated === null) return orderedAt;
  const [from, to] = [startOfDay(dateCreated), startOfDay(addDays(dateCreated, 1))];
  return new Date(Math.min(Math.max(orderedAt.getTime(), from.getTime()), to.getTime()));
}

/** Writes the payment in question, and those that the mirror shows otherwise. */
async function writePayments(
  context: AsaasContext,
  facts: Found,
  focus: AsaasPayment | null,
  asOf: Date,
): Promise<void> {
  const mirrored = await findMirrored(
    context.pool,
    facts.payments.map(({ id }) => id),
  );
  for (const payment of facts.payments) {
    const { invoiceStatus, keptCents, isPaid, isUnpaid } = readPaymentState(payment);
    const known = mirrored.get(payment.id);
    const isKnown = known?.status === invoiceStatus && known.amountPaidCents === keptCents;
    if (payment !== focus && (isKnown || isPaid === isUnpaid)) continue;
    const purpose = purposeOf(payment, facts);
    if (purpose !== null) await writePayment(context, payment, purpose, asOf);
    else if (payment === focus) {
      throw new UnusableEventError(
        `the payment ${payment.id} is of ${payment.valueCents} cents, which was not ordered`,
      );
    }
  }
}

/** A plan's credits last until the next payment is due; paid after that, as long as they would have. */
function purposeOf(payment: AsaasPayment, { subscription, payments, plans }: Found): PaymentPurpose | null {
  if (!isDated(payment)) return null;
  const { id, dueDate, valueCents } = payment;
  const plan = findPlanOfAmount(plans, valueCents, dueDate);
  if (plan === null) return null;
  const nextDue = findNextDue(subscription, payments, dueDate, plan.interval);
  const paidOn = payment.clientPaymentDate ?? payment.confirmedDate ?? dueDate;
  const until = paidOn < nextDue ? nextDue : addMonths(paidOn, monthsOf(plan.interval));
  return {
    organizationId: plan.organizationId,
    checkoutId: plans.find(({ checkoutId }) => checkoutId !== null)?.checkoutId ?? null,
    kind: 'subscription',
    line: {
      reference: `payment:${id}`,
      credits: plan.monthlyCredits * monthsOf(plan.interval),
      expires_at: startOfDay(until).toISOString(),
      description: `Credits of the ${plan.planName.toLowerCase()} plan`,
    },
    period: { start: startOfDay(dueDate), end: startOfDay(nextDue) },
  };
}

/** Asaas has no such subscription any more. */
async function end({ pool, clock, graceDays }: AsaasContext, own: OwnSubscription, asOf: Date): Promise<void> {
  await applySubscription(pool, {
    ...own,
    gateway: 'asaas',
    status: 'canceled',
    trialEnd: null,
    cancelAtPeriodEnd: false,
    nextPlanId: null,
    graceDays,
    asOf,
    now: clock.now(),
  });
}
