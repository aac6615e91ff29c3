import { at, nowSeconds, type StripeAccount } from '../account.ts';
import type { Invoice, Subscription } from '../billing-objects.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { chargeInvoice, finalizeInvoice } from '../invoices/settle-invoice.ts';
import type { PaymentMethod } from '../objects.ts';
import { endSubscription } from './end-subscription.ts';

/**
 * How an invoice of a subscription is paid, and what that does to the subscription. A failed charge is tried again 3, 5
 * and 7 days after the one before it; then the account's setting says what becomes of the subscription.
 */

const retryDays = [3, 5, 7];
const secondsPerDay = 86_400;

/** draft → open → a first attempt. */
export function finalizeAndCollect(account: StripeAccount, invoice: Invoice): boolean {
  if (!finalizeInvoice(account, invoice)) return collectInvoice(account, invoice);
  takePaid(account, invoice);
  return true;
}

/** Charges an open invoice to the subscription's card, or to the one given. */
export function collectInvoice(account: StripeAccount, invoice: Invoice, given?: PaymentMethod): boolean {
  const subscription = subscriptionOf(account, invoice);
  const days = retryDays[invoice.attempt_count];
  // The first payment of a subscription and a pending update are not tried again: the customer has to act.
  const isRetried = subscription?.status !== 'incomplete' && !subscription?.pending_update && days !== undefined;
  const nextAttempt = isRetried ? nowSeconds(account) + days * secondsPerDay : null;
  const method = given ?? methodFor(account, invoice, subscription);
  if (chargeInvoice(account, invoice, method, nextAttempt)) {
    takePaid(account, invoice);
    return true;
  }
  if (subscription) takeFailed(account, subscription, invoice, nextAttempt);
  return false;
}

/** What a paid invoice changes: the subscription is in order again, and a pending update happens. */
export function takePaid(account: StripeAccount, invoice: Invoice): void {
  const subscription = subscriptionOf(account, invoice);
  if (!subscription || subscription.ended_at !== null) return;
  const pending = subscription.latest_invoice === invoice.id ? subscription.pending_update : null;
  const isBehind = ['incomplete', 'past_due', 'unpaid'].includes(subscription.status);
  const isInOrder = isBehind && !hasOtherUnpaid(account, subscription, invoice);
  changeObject(account, subscription, 'customer.subscription.updated', {
    ...(isInOrder && { status: 'active' }),
    ...(pending && {
      items: { ...subscription.items, data: pending.subscription_items },
      billing_cycle_anchor: pending.billing_cycle_anchor ?? subscription.billing_cycle_anchor,
      pending_update: null,
    }),
  });
  if (pending) emitEvent(account, 'customer.subscription.pending_update_applied', subscription);
  const customer = account.customers.find(invoice.customer);
  if (customer && isInOrder) changeObject(account, customer, 'customer.updated', { delinquent: false });
}

/** The card that a subscription's invoices are charged to. */
export function methodFor(
  account: StripeAccount,
  { customer }: { customer: string },
  subscription?: Subscription,
): PaymentMethod | undefined {
  const settings = account.customers.find(customer)?.invoice_settings;
  const method = account.paymentMethods.find(
    subscription?.default_payment_method ?? settings?.default_payment_method ?? null,
  );
  return method?.customer === customer ? method : undefined;
}

export function subscriptionOf(account: StripeAccount, invoice: Invoice): Subscription | undefined {
  return account.subscriptions.find(invoice.parent?.subscription_details.subscription);
}

function takeFailed(
  account: StripeAccount,
  subscription: Subscription,
  invoice: Invoice,
  nextAttempt: number | null,
): void {
  if (subscription.status === 'active' && !subscription.pending_update) {
    changeObject(account, subscription, 'customer.subscription.updated', { status: 'past_due' });
    const customer = account.customers.find(invoice.customer);
    if (customer) changeObject(account, customer, 'customer.updated', { delinquent: true });
  }
  if (nextAttempt !== null) {
    at(account, nextAttempt, () => {
      if (invoice.status === 'open' && invoice.next_payment_attempt === nextAttempt) collectInvoice(account, invoice);
    });
    return;
  }
  if (subscription.status === 'past_due') giveUp(account, subscription);
}

function giveUp(account: StripeAccount, subscription: Subscription): void {
  if (account.afterRetries === 'cancel') {
    endSubscription(account, subscription, 'payment_failed');
  } else if (account.afterRetries === 'unpaid') {
    changeObject(account, subscription, 'customer.subscription.updated', { status: 'unpaid' });
  }
}

function hasOtherUnpaid(account: StripeAccount, subscription: Subscription, invoice: Invoice): boolean {
  const others = account.invoices.newestFirst(
    (other) =>
      other !== invoice &&
      other.status === 'open' &&
      other.attempted &&
      other.parent?.subscription_details.subscription === subscription.id,
  );
  return others.length > 0;
}
