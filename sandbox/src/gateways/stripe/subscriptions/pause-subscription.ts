import { nowSeconds, type StripeAccount } from '../account.ts';
import type { Subscription } from '../billing-objects.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { finalizeInvoice } from '../invoices/settle-invoice.ts';
import type { StripeHandler } from '../serve.ts';
import { StripeError } from '../stripe-error.ts';
import { draftUpdate, keepForLater } from './change-price.ts';
import { creditLine } from './invoice-lines.ts';
import { beginPeriodNow } from './renew-subscription.ts';
import { requireSubscription } from './subscriptions.ts';

const pausable = ['active', 'past_due', 'trialing'];

/** POST /subscriptions/:id/pause: nothing is billed until it is resumed, and what is left of the period is given back. */
export const pauseSubscription: StripeHandler = ({ account, params, id }) => {
  const subscription = requireSubscription(account, id, 'id');
  params.choice('type', ['subscription']);
  const invoicing = params.choice('invoicing_behavior', ['invoice', 'pending_invoice_item']);
  const billFor = params.group('bill_for');
  const unused = billFor?.group('unused_time_from')?.choice('type', ['item_current_period_start', 'none', 'now']);
  billFor?.ignore('outstanding_usage_through');
  params.done();
  if (subscription.schedule !== null) {
    throw new StripeError('You cannot pause a subscription that has a schedule attached.');
  }
  if (!pausable.includes(subscription.status)) {
    throw new StripeError(`You cannot pause a subscription whose status is \`${subscription.status}\`.`);
  }
  if (unused !== 'none') {
    giveBack(account, subscription, unused === 'item_current_period_start', invoicing === 'invoice');
  }
  changeObject(account, subscription, 'customer.subscription.updated', { status: 'paused' });
  emitEvent(account, 'customer.subscription.paused', subscription);
  return subscription;
};

/** POST /subscriptions/:id/resume: a period begins now, and is charged now. */
export const resumeSubscription: StripeHandler = ({ account, params, id }) => {
  const subscription = requireSubscription(account, id, 'id');
  params.group('billing_cycle_anchor')?.choice('type', ['now']);
  params.choice('proration_behavior', ['none', 'create_prorations', 'always_invoice']);
  params.choice('payment_behavior', ['resume_on_payment_attempt']);
  params.done();
  if (subscription.status !== 'paused') {
    throw new StripeError('You can only resume subscriptions whose status is `paused`.');
  }
  beginPeriodNow(account, subscription, {});
  emitEvent(account, 'customer.subscription.resumed', subscription);
  return subscription;
};

function giveBack(
  account: StripeAccount,
  subscription: Subscription,
  isWholePeriod: boolean,
  isInvoicedNow: boolean,
): void {
  if (subscription.status === 'trialing') return;
  const now = nowSeconds(account);
  const credits = subscription.items.data.map((item) =>
    creditLine(account, item, isWholePeriod ? item.current_period_start : now),
  );
  if (isInvoicedNow) finalizeInvoice(account, draftUpdate(account, subscription, credits));
  else keepForLater(account, subscription, credits);
}
