import { nowSeconds, type StripeAccount } from '../account.ts';
import type { Invoice, InvoicePayment } from '../billing-objects.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { newId } from '../new-id.ts';
import type { PaymentIntent, PaymentMethod } from '../objects.ts';
import { cancelPaymentIntent, chargeCard, openPaymentIntent } from '../payments/charge-payment.ts';

/**
 * The life of an invoice. draft → open by `finalizeInvoice`, which settles the customer's balance and opens the payment;
 * open → paid by a charge, or at once when there is nothing to pay; open → void or uncollectible when it is given up.
 */

const paymentDescriptions = {
  subscription_create: 'Subscription creation',
  subscription_cycle: 'Subscription update',
  subscription_update: 'Subscription update',
  manual: 'Payment for Invoice',
  upcoming: 'Subscription update',
} as const;

/** draft → open. True when it is paid with that, because nothing is due. `payment` is one that has been begun already. */
export function finalizeInvoice(account: StripeAccount, invoice: Invoice, payment?: PaymentIntent): boolean {
  const customer = account.customers.find(invoice.customer);
  const balance = customer?.balance ?? 0;
  const rest = invoice.total + balance;
  const now = nowSeconds(account);
  const page = `${account.origin}/_sandbox/stripe/pages/invoices/${invoice.id}`;
  Object.assign(invoice, {
    amount_due: Math.max(0, rest),
    amount_remaining: Math.max(0, rest),
    auto_advance: true,
    automatically_finalizes_at: null,
    effective_at: now,
    ending_balance: Math.min(0, rest),
    hosted_invoice_url: page,
    invoice_pdf: page,
    next_payment_attempt: null,
    number: customer ? `${customer.invoice_prefix}-${String(customer.next_invoice_sequence).padStart(4, '0')}` : null,
    starting_balance: balance,
    ...(invoice.parent && { parent: withCurrentMetadata(account, invoice.parent) }),
    status: 'open',
    status_transitions: { ...invoice.status_transitions, finalized_at: now },
  });
  if (customer) {
    customer.next_invoice_sequence += 1;
    if (balance !== Math.min(0, rest)) {
      changeObject(account, customer, 'customer.updated', { balance: Math.min(0, rest) });
    }
  }
  emitEvent(account, 'invoice.finalized', invoice);
  if (invoice.amount_due === 0) {
    markPaid(account, invoice);
    return true;
  }
  addPayment(account, invoice, payment ?? openPayment(account, invoice));
  return false;
}

/** Tries to charge an open invoice. Without a payment method it fails as a declined one does. */
export function chargeInvoice(
  account: StripeAccount,
  invoice: Invoice,
  method: PaymentMethod | undefined,
  nextAttempt: number | null,
): boolean {
  const payment = openPaymentOf(account, invoice);
  const paymentIntent = account.paymentIntents.find(payment?.payment.payment_intent);
  const isPaid = method !== undefined && paymentIntent !== undefined && chargeCard(account, paymentIntent, method);
  const attempted = { attempt_count: invoice.attempt_count + 1, attempted: true };
  if (isPaid) {
    markPaid(account, invoice, attempted);
    return true;
  }
  changeObject(account, invoice, 'invoice.updated', {
    ...attempted,
    auto_advance: nextAttempt !== null,
    next_payment_attempt: nextAttempt,
  });
  emitEvent(account, 'invoice.payment_failed', invoice);
  return false;
}

/** open → paid, by a charge that has succeeded, by none because nothing is due, or outside Stripe. */
export function markPaid(account: StripeAccount, invoice: Invoice, change: Partial<Invoice> = {}): void {
  const now = nowSeconds(account);
  const payment = openPaymentOf(account, invoice);
  changeObject(account, invoice, 'invoice.updated', {
    ...change,
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...invoice.status_transitions, paid_at: now },
  });
  emitEvent(account, 'invoice.paid', invoice);
  const paymentIntent = account.paymentIntents.find(payment?.payment.payment_intent);
  const isOutside = paymentIntent !== undefined && paymentIntent.status !== 'succeeded';
  if (!isOutside) emitEvent(account, 'invoice.payment_succeeded', invoice);
  if (!payment || !paymentIntent) return;
  if (isOutside) {
    cancelPaymentIntent(account, paymentIntent, 'void_invoice');
    payment.status = 'canceled';
    payment.status_transitions.canceled_at = now;
    return;
  }
  payment.amount_paid = payment.amount_requested;
  payment.status = 'paid';
  payment.status_transitions.paid_at = now;
  emitEvent(account, 'invoice_payment.paid', payment);
}

/** Gives up a draft or an open invoice. */
export function abandonInvoice(account: StripeAccount, invoice: Invoice, status: 'void' | 'uncollectible'): void {
  const now = nowSeconds(account);
  const transition = status === 'void' ? { voided_at: now } : { marked_uncollectible_at: now };
  changeObject(account, invoice, 'invoice.updated', {
    auto_advance: false,
    automatically_finalizes_at: null,
    next_payment_attempt: null,
    status,
    status_transitions: { ...invoice.status_transitions, ...transition },
  });
  emitEvent(account, status === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible', invoice);
  const payment = openPaymentOf(account, invoice);
  const paymentIntent = account.paymentIntents.find(payment?.payment.payment_intent);
  if (status !== 'void' || !payment || !paymentIntent) return;
  payment.status = 'canceled';
  payment.status_transitions.canceled_at = now;
  cancelPaymentIntent(account, paymentIntent, 'void_invoice');
}

/** An invoice keeps the metadata that its subscription has when it is finalized. */
function withCurrentMetadata(account: StripeAccount, parent: NonNullable<Invoice['parent']>): Invoice['parent'] {
  const { subscription, metadata } = parent.subscription_details;
  const current = account.subscriptions.find(subscription)?.metadata ?? metadata;
  return { ...parent, subscription_details: { subscription, metadata: { ...current } } };
}

function openPayment(account: StripeAccount, invoice: Invoice): PaymentIntent {
  return openPaymentIntent(account, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    description: paymentDescriptions[invoice.billing_reason],
    setupFutureUsage: invoice.parent ? 'off_session' : null,
  });
}

function addPayment(account: StripeAccount, invoice: Invoice, paymentIntent: PaymentIntent): void {
  const payment = {
    id: newId('inpay'),
    object: 'invoice_payment' as const,
    amount_paid: null,
    amount_requested: paymentIntent.amount,
    created: nowSeconds(account),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { type: 'payment_intent' as const, payment_intent: paymentIntent.id },
    status: 'open' as const,
    status_transitions: { canceled_at: null, paid_at: null },
  };
  account.invoicePayments.add(payment);
}

function openPaymentOf(account: StripeAccount, invoice: Invoice): InvoicePayment | undefined {
  const [payment] = account.invoicePayments.newestFirst(
    (candidate) => candidate.invoice === invoice.id && candidate.status === 'open',
  );
  return payment;
}
