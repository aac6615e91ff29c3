import { addPlanChange, findOrderedPlans, type OrderedPlan } from '@base/shared/db/queries/asaas-orders';
import { addMonths, dayInBrazil, startOfDay } from '@base/shared/gateways/asaas/brazil-days';
import type { Asaas, AsaasSubscriptionChange } from '@base/shared/gateways/asaas/client';
import { readPaymentState } from '@base/shared/gateways/asaas/payment-state';
import type { AsaasPayment, AsaasSubscription } from '@base/shared/gateways/asaas/schemas';
import {
  type DatedPayment,
  findNextDue,
  findPlanOfAmount,
  isDated,
  monthsOf,
} from '@base/shared/gateways/asaas/subscription-state';
import type { Clock } from '@base/shared/gateways/clock';
import { GatewayError, isGatewayError } from '@base/shared/gateways/gateway-error';
import type { ChangeAtGateway, SubscriptionRef, WantedPlan } from '../gateway.ts';

interface Found {
  subscription: AsaasSubscription;
  /** The oldest first. */
  payments: readonly DatedPayment[];
  plans: readonly OrderedPlan[];
}

/** Carries a plan's amount over to what is due next, and to all that follows. Nothing is paid back or asked for before. */
export async function changeAsaasPlan(
  asaas: Asaas,
  clock: Clock,
  ref: SubscriptionRef,
  { planId, planName, interval, amountCents }: WantedPlan,
): Promise<ChangeAtGateway> {
  const found = await find(asaas, ref);
  const { subscription, payments, plans } = found;
  const open = openPayments(payments, clock);
  const effectiveOn = open[0]?.dueDate ?? subscription.nextDueDate ?? dayInBrazil(clock.now());
  const organizationId = plans[0]?.organizationId;
  if (organizationId === undefined) throw new GatewayError('invalid', `Asaas: ${subscription.id} is none of ours`);
  // Before Asaas asks for the amount we know what it stands for.
  await addPlanChange(ref.pool, {
    organizationId,
    subscriptionId: subscription.id,
    effectiveOn,
    planId,
    interval,
    amountCents,
  });
  await setPlan(asaas, subscription, open, { planName, interval, amountCents });
  return { when: 'period_end', effectiveAt: startOfDay(effectiveOn), paymentUrl: null };
}

/** Goes back to the amount of the plan that is paid for. */
export async function keepAsaasPlan(asaas: Asaas, clock: Clock, ref: SubscriptionRef): Promise<ChangeAtGateway> {
  const { subscription, payments, plans } = await find(asaas, ref);
  const plan = planPaidFor(payments, plans, clock)?.plan ?? plans[0];
  if (plan !== undefined) await setPlan(asaas, subscription, openPayments(payments, clock), plan);
  return { when: 'now', effectiveAt: null, paymentUrl: null };
}

/**
 * Makes no more payments, and takes back those that nobody has paid. The subscription itself stays, so that this can be
 * taken back; that it ends with what is paid for follows from its state.
 */
export async function cancelAsaasSubscription(
  asaas: Asaas,
  clock: Clock,
  ref: SubscriptionRef,
): Promise<ChangeAtGateway> {
  const found = await find(asaas, ref);
  await asaas.updateSubscription(ref.gatewayId, { status: 'INACTIVE' });
  await removeUnpaid(asaas, found.payments);
  return { when: 'period_end', effectiveAt: startOfDay(paidThrough(found, clock)), paymentUrl: null };
}

/** Makes payments again, the next one for when what is paid for ends. */
export async function resumeAsaasSubscription(
  asaas: Asaas,
  clock: Clock,
  ref: SubscriptionRef,
): Promise<ChangeAtGateway> {
  const found = await find(asaas, ref);
  const today = dayInBrazil(clock.now());
  const nextDueDate = paidThrough(found, clock);
  await asaas.updateSubscription(ref.gatewayId, {
    status: 'ACTIVE',
    nextDueDate: nextDueDate < today ? today : nextDueDate,
  });
  return { when: 'now', effectiveAt: null, paymentUrl: null };
}

async function find(asaas: Asaas, { pool, gatewayId }: SubscriptionRef): Promise<Found> {
  const [subscription, payments] = await Promise.all([
    asaas.getSubscription(gatewayId),
    asaas.getNewestPayments(gatewayId),
  ]);
  if (subscription.deleted) throw new GatewayError('invalid', `Asaas: the subscription ${gatewayId} was removed`);
  return {
    subscription,
    payments: payments
      .filter(isDated)
      .filter(({ deleted }) => !deleted)
      .sort((a, b) => (a.dueDate < b.dueDate ? -1 : 1)),
    plans: await findOrderedPlans(pool, subscription),
  };
}

/** Those that are still to come due. */
function openPayments(payments: readonly DatedPayment[], clock: Clock): DatedPayment[] {
  const today = dayInBrazil(clock.now());
  return payments.filter(({ status, dueDate }) => status === 'PENDING' && dueDate >= today);
}

/**
 * Another interval moves what comes after the next payment: that one's date stays, and later ones that are open already
 * are made anew.
 */
async function setPlan(
  asaas: Asaas,
  subscription: AsaasSubscription,
  [next, ...later]: readonly DatedPayment[],
  plan: { planName: string; interval: 'month' | 'year'; amountCents: number },
): Promise<void> {
  const cycle = plan.interval === 'year' ? 'YEARLY' : 'MONTHLY';
  const change: AsaasSubscriptionChange = {
    valueCents: plan.amountCents,
    description: plan.planName,
    updatePendingPayments: true,
  };
  if (cycle !== subscription.cycle) {
    await removeUnpaid(asaas, later);
    change.cycle = cycle;
    if (next !== undefined) change.nextDueDate = addMonths(next.dueDate, monthsOf(plan.interval));
  }
  await asaas.updateSubscription(subscription.id, change);
}

/** What is paid at this very moment stays: Asaas refuses to remove it. */
async function removeUnpaid(asaas: Asaas, payments: readonly AsaasPayment[]): Promise<void> {
  for (const payment of payments.filter((candidate) => !readPaymentState(candidate).isPaid)) {
    await asaas.deletePayment(payment.id).catch((error: unknown) => {
      if (!isGatewayError(error, 'invalid') && !isGatewayError(error, 'not_found')) throw error;
    });
  }
}

/** The newest payment that was paid and has come due, or the first one. */
function planPaidFor(
  payments: readonly DatedPayment[],
  plans: readonly OrderedPlan[],
  clock: Clock,
): { payment: DatedPayment; plan: OrderedPlan } | null {
  const today = dayInBrazil(clock.now());
  const paid = payments
    .filter((payment) => readPaymentState(payment).isPaid)
    .flatMap((payment) => {
      const plan = findPlanOfAmount(plans, payment.valueCents, payment.dueDate);
      return plan === null ? [] : [{ payment, plan }];
    });
  return paid.findLast(({ payment }) => payment.dueDate <= today) ?? paid[0] ?? null;
}

/** The day on which what is paid for ends. */
function paidThrough({ subscription, payments, plans }: Found, clock: Clock): string {
  const paid = payments.filter((payment) => readPaymentState(payment).isPaid);
  const last = paid.at(-1);
  const plan = last === undefined ? null : findPlanOfAmount(plans, last.valueCents, last.dueDate);
  if (last === undefined || plan === null) return dayInBrazil(clock.now());
  return findNextDue(subscription, payments, last.dueDate, plan.interval);
}
