import { at, nowSeconds, type StripeAccount } from '../account.ts';
import type { Subscription } from '../billing-objects.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { draftInvoice } from '../invoices/draft-invoice.ts';
import { abandonInvoice, finalizeInvoice } from '../invoices/settle-invoice.ts';
import type { Customer, PaymentIntent, Price } from '../objects.ts';
import type { Metadata } from '../params.ts';
import { buildSubscription } from './build-subscription.ts';
import { collectInvoice, takePaid } from './collect-invoice.ts';
import { fullLine, trialLine } from './invoice-lines.ts';
import { periodFrom } from './periods.ts';
import { planTurn } from './renew-subscription.ts';

export interface StartFields {
  customer: Customer;
  items: readonly { price: Price; quantity: number }[];
  metadata: Metadata;
  description: string | null;
  trialEnd: number | null;
  trialWithoutCard: Subscription['trial_settings']['end_behavior']['missing_payment_method'];
  defaultMethod: string | null;
  /** Whether the first invoice is charged at once or waits for somebody to pay it. */
  isCharged: boolean;
  /** A payment that was begun before there was an invoice. */
  paymentIntent?: PaymentIntent | undefined;
}

const incompleteSeconds = 23 * 3_600;
const warningSeconds = 3 * 86_400;

/** Starts a subscription with its first invoice: of nothing for a trial, otherwise of the first period. */
export function startSubscription(account: StripeAccount, fields: StartFields): Subscription {
  const now = nowSeconds(account);
  const { trialEnd, customer } = fields;
  const recurring = fields.items[0]?.price.recurring ?? { interval: 'month', interval_count: 1 };
  const subscription = buildSubscription(account, {
    ...fields,
    anchor: trialEnd ?? now,
    period: trialEnd === null ? periodFrom(now, now, recurring) : { start: now, end: trialEnd },
    status: trialEnd === null ? 'incomplete' : 'trialing',
  });
  account.subscriptions.add(subscription);
  if (customer.currency === null) {
    changeObject(account, customer, 'customer.updated', { currency: subscription.currency });
  }
  const line = trialEnd === null ? fullLine : trialLine;
  const invoice = draftInvoice(account, {
    customer,
    subscription,
    reason: 'subscription_create',
    lines: subscription.items.data.map((item) => line(account, item)),
    finalizesAt: null,
  });
  subscription.latest_invoice = invoice.id;
  emitEvent(account, 'customer.subscription.created', subscription);
  planTurn(account, subscription);
  if (trialEnd === null) planExpiry(account, subscription);
  else planWarning(account, subscription, trialEnd);
  if (finalizeInvoice(account, invoice, fields.paymentIntent)) takePaid(account, invoice);
  else if (fields.isCharged) collectInvoice(account, invoice);
  return subscription;
}

function planExpiry(account: StripeAccount, subscription: Subscription): void {
  at(account, nowSeconds(account) + incompleteSeconds, () => {
    if (subscription.status !== 'incomplete') return;
    const invoice = account.invoices.find(subscription.latest_invoice);
    changeObject(account, subscription, 'customer.subscription.updated', {
      status: 'incomplete_expired',
      ended_at: nowSeconds(account),
    });
    if (invoice?.status === 'open') abandonInvoice(account, invoice, 'void');
  });
}

/** Three days before the end of a trial, or at once when it is shorter. */
function planWarning(account: StripeAccount, subscription: Subscription, trialEnd: number): void {
  at(account, Math.max(nowSeconds(account), trialEnd - warningSeconds), () => {
    if (subscription.status === 'trialing' && subscription.trial_end === trialEnd) {
      emitEvent(account, 'customer.subscription.trial_will_end', subscription);
    }
  });
}
