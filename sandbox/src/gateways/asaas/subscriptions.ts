import { type AsaasAccount, newId, tellPayment, tellSubscription, today } from './account.ts';
import { addDays, addMonths, type Day, startOf } from './dates.ts';
import { createPayment, deletePayment, isUnpaid, planCardCharges } from './payments.ts';
import type { BillingType, Cycle, Payment, Subscription } from './records.ts';
import { invalid } from './replies.ts';

// A subscription is nothing but a maker of payments: the first at once, each later one 40 days before it is due. So a
// monthly one has a payment open whose due date is in the next month, nearly always.

const leadDays = 40;

const monthsOf: Record<Exclude<Cycle, 'WEEKLY' | 'BIWEEKLY'>, number> = {
  MONTHLY: 1,
  BIMONTHLY: 2,
  QUARTERLY: 3,
  SEMIANNUALLY: 6,
  YEARLY: 12,
};

export interface NewSubscription {
  customer: string;
  billingType: BillingType;
  cycle: Cycle;
  valueCents: number;
  nextDueDate: Day;
  endDate: Day | null;
  maxPayments: number | null;
  description: string | null;
  externalReference: string | null;
  creditCardToken: string | null;
  checkoutSession?: string;
}

export interface SubscriptionChange {
  valueCents?: number;
  nextDueDate?: Day;
  billingType?: BillingType;
  cycle?: Cycle;
  endDate?: Day | null;
  description?: string;
  externalReference?: string;
  status?: 'ACTIVE' | 'INACTIVE';
  updatePendingPayments?: boolean;
}

/** Starts a subscription with its first payment. */
export function createSubscription(account: AsaasAccount, order: NewSubscription): Subscription {
  const subscription: Subscription = {
    id: newId('sub_'),
    dateCreated: today(account),
    checkoutSession: null,
    ...order,
    dayOfMonth: Number(order.nextDueDate.slice(8)),
    status: 'ACTIVE',
    deleted: false,
    plan: 0,
  };
  account.subscriptions.add(subscription);
  tellSubscription(account, 'SUBSCRIPTION_CREATED', subscription);
  makeNextPayment(account, subscription);
  return subscription;
}

/** The subscription's payments, newest first. */
export function paymentsOf(account: AsaasAccount, { id }: Subscription): Payment[] {
  return account.payments.filter(({ subscription, deleted }) => subscription === id && !deleted);
}

function makeNextPayment(account: AsaasAccount, subscription: Subscription): void {
  const { customer, billingType, valueCents, nextDueDate, description, externalReference } = subscription;
  if (isOver(account, subscription)) {
    subscription.status = 'EXPIRED';
    tellSubscription(account, 'SUBSCRIPTION_INACTIVATED', subscription);
    return;
  }
  const payment = createPayment(account, {
    customer,
    billingType,
    valueCents,
    dueDate: nextDueDate,
    description,
    externalReference,
    subscription: subscription.id,
    creditCardToken: subscription.creditCardToken,
    ...(subscription.checkoutSession !== null && { checkoutSession: subscription.checkoutSession }),
  });
  if (subscription.creditCardToken !== null) planCardCharges(account, payment);
  subscription.nextDueDate = following(subscription);
  planNextPayment(account, subscription);
}

/** Payments after the first are made by a run of each night. */
function planNextPayment(account: AsaasAccount, subscription: Subscription): void {
  subscription.plan += 1;
  const { plan } = subscription;
  const early = addDays(subscription.nextDueDate, -leadDays);
  const tomorrow = addDays(today(account), 1);
  account.clock.schedule(startOf(early > tomorrow ? early : tomorrow, 1), () => {
    const isMeant = subscription.plan === plan && subscription.status === 'ACTIVE' && !subscription.deleted;
    if (isMeant) makeNextPayment(account, subscription);
  });
}

function isOver(account: AsaasAccount, subscription: Subscription): boolean {
  const { endDate, maxPayments, nextDueDate } = subscription;
  if (endDate !== null && nextDueDate > endDate) return true;
  return maxPayments !== null && paymentsOf(account, subscription).length >= maxPayments;
}

function following({ cycle, nextDueDate, dayOfMonth }: Subscription): Day {
  if (cycle === 'WEEKLY') return addDays(nextDueDate, 7);
  if (cycle === 'BIWEEKLY') return addDays(nextDueDate, 14);
  return addMonths(nextDueDate, monthsOf[cycle], dayOfMonth);
}

/** Changes what is still to come; open payments only when asked to. */
export function updateSubscription(
  account: AsaasAccount,
  subscription: Subscription,
  change: SubscriptionChange,
): void {
  const { updatePendingPayments, status, nextDueDate, ...fields } = change;
  if (status === 'ACTIVE' && subscription.status !== 'ACTIVE' && nextDueDate === undefined) {
    throw invalid('invalid_nextDueDate', 'É necessário informar o próximo vencimento para reativar a assinatura.');
  }
  Object.assign(subscription, fields);
  if (nextDueDate !== undefined) {
    subscription.nextDueDate = nextDueDate;
    subscription.dayOfMonth = Number(nextDueDate.slice(8));
  }
  const isInactivated = status === 'INACTIVE' && subscription.status === 'ACTIVE';
  if (status !== undefined) subscription.status = status;
  if (updatePendingPayments) updateOpenPayments(account, subscription);
  tellSubscription(account, isInactivated ? 'SUBSCRIPTION_INACTIVATED' : 'SUBSCRIPTION_UPDATED', subscription);
  planNextPayment(account, subscription);
}

function updateOpenPayments(account: AsaasAccount, subscription: Subscription): void {
  for (const payment of paymentsOf(account, subscription)) {
    if (payment.status !== 'PENDING') continue;
    payment.valueCents = subscription.valueCents;
    payment.billingType = subscription.billingType;
    tellPayment(account, 'PAYMENT_UPDATED', payment);
  }
}

/** Ends a subscription and removes the payments that are open. What was paid stays. */
export function deleteSubscription(account: AsaasAccount, subscription: Subscription): void {
  for (const payment of paymentsOf(account, subscription)) if (isUnpaid(payment)) deletePayment(account, payment);
  subscription.deleted = true;
  subscription.status = 'INACTIVE';
  tellSubscription(account, 'SUBSCRIPTION_DELETED', subscription);
}

/** After a payer has paid by card, the same card pays what comes, the payments that are open already among it. */
export function keepCard(account: AsaasAccount, payment: Payment): void {
  const subscription = account.subscriptions.find(payment.subscription);
  if (!subscription || payment.billingType !== 'CREDIT_CARD' || subscription.creditCardToken !== null) return;
  subscription.billingType = 'CREDIT_CARD';
  subscription.creditCardToken = payment.creditCardToken;
  for (const open of paymentsOf(account, subscription)) {
    if (!isUnpaid(open)) continue;
    open.billingType = 'CREDIT_CARD';
    open.creditCardToken = payment.creditCardToken;
    planCardCharges(account, open);
  }
}
