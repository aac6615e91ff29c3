import { at, type CardOutcome, type CheckoutPlan, nowSeconds, type StripeAccount } from '../account.ts';
import type { CheckoutSession } from '../billing-objects.ts';
import { addCustomer } from '../customers/customers.ts';
import { attach, makeBoleto, makeCard } from '../customers/payment-methods.ts';
import { emitEvent } from '../emit-event.ts';
import { draftInvoice } from '../invoices/draft-invoice.ts';
import { finalizeInvoice, markPaid } from '../invoices/settle-invoice.ts';
import { newId } from '../new-id.ts';
import type { Customer, PaymentIntent, PaymentMethod } from '../objects.ts';
import { chargeCard, openPaymentIntent, presentBoleto, settleBoleto } from '../payments/charge-payment.ts';
import { StripeError } from '../stripe-error.ts';
import { startSubscription } from '../subscriptions/start-subscription.ts';
import { customerDetails } from './build-session.ts';

export type PayMethod = 'card' | 'boleto';

/** A boleto is known to be paid two days later. */
const boletoSettlesSeconds = 2 * 86_400;

/**
 * The customer submits the page. A declined card leaves the session open for another try; a boleto completes it unpaid,
 * and what became of it is known two days later.
 */
export function paySession(
  account: StripeAccount,
  session: CheckoutSession,
  method: PayMethod,
  outcome: CardOutcome,
): void {
  const plan = account.checkoutPlans.get(session.id);
  if (session.status !== 'open' || !plan) throw new StripeError(`This Checkout Session is ${session.status}.`);
  if (method === 'boleto' && session.mode === 'subscription') {
    throw new StripeError('Boleto is not offered for recurring prices.');
  }
  if (session.mode === 'subscription') paySubscription(account, session, plan, outcome);
  else if (session.amount_total === 0) complete(account, session, 'no_payment_required');
  else if (method === 'card') payOnceByCard(account, session, plan, outcome);
  else payOnceByBoleto(account, session, plan, outcome);
}

function paySubscription(
  account: StripeAccount,
  session: CheckoutSession,
  plan: CheckoutPlan,
  outcome: CardOutcome,
): void {
  const customer = customerFor(account, session);
  const trialEnd = plan.trialEnd ?? (plan.trialDays === null ? null : nowSeconds(account) + plan.trialDays * 86_400);
  // A page that need not ask for a card does not get one.
  const isCardLeftOut = plan.isCardOptional && session.amount_total === 0;
  const card = isCardLeftOut ? null : makeCard(account, outcome);
  if (card && outcome === 'declined') {
    if (session.amount_total > 0) chargeCard(account, paymentFor(account, session, plan, customer), card);
    return;
  }
  if (card) attach(account, card, customer.id);
  session.customer = customer.id;
  const subscription = startSubscription(account, {
    customer,
    items: plan.lineItems,
    metadata: plan.subscriptionMetadata,
    description: plan.subscriptionDescription,
    trialEnd,
    trialWithoutCard: plan.trialWithoutCard,
    defaultMethod: card?.id ?? null,
    isCharged: true,
    paymentIntent: account.paymentIntents.find(plan.begunPayment),
  });
  session.subscription = subscription.id;
  session.invoice = subscription.latest_invoice;
  complete(account, session, session.amount_total === 0 ? 'no_payment_required' : 'paid');
}

function payOnceByCard(
  account: StripeAccount,
  session: CheckoutSession,
  plan: CheckoutPlan,
  outcome: CardOutcome,
): void {
  const customer = customerIfAny(account, session);
  const paymentIntent = paymentFor(account, session, plan, customer);
  session.payment_intent = paymentIntent.id;
  const card = makeCard(account, outcome);
  if (!chargeCard(account, paymentIntent, card)) return;
  if (customer && plan.keepsCard) attach(account, card, customer.id);
  if (customer && plan.hasInvoice) addInvoice(account, session, plan, customer, paymentIntent);
  complete(account, session, 'paid');
}

function payOnceByBoleto(
  account: StripeAccount,
  session: CheckoutSession,
  plan: CheckoutPlan,
  outcome: CardOutcome,
): void {
  const customer = customerIfAny(account, session);
  const paymentIntent = paymentFor(account, session, plan, customer);
  session.payment_intent = paymentIntent.id;
  const boleto = makeBoleto(account);
  presentBoleto(account, paymentIntent, boleto);
  complete(account, session, 'unpaid');
  at(account, nowSeconds(account) + boletoSettlesSeconds, () => {
    if (paymentIntent.status !== 'requires_action') return;
    settle(account, session, plan, customer, paymentIntent, boleto, outcome === 'ok');
  });
}

function settle(
  account: StripeAccount,
  session: CheckoutSession,
  plan: CheckoutPlan,
  customer: Customer | null,
  paymentIntent: PaymentIntent,
  boleto: PaymentMethod,
  isPaid: boolean,
): void {
  settleBoleto(account, paymentIntent, boleto, isPaid);
  if (!isPaid) {
    emitEvent(account, 'checkout.session.async_payment_failed', session);
    return;
  }
  if (customer && plan.hasInvoice) addInvoice(account, session, plan, customer, paymentIntent);
  session.payment_status = 'paid';
  emitEvent(account, 'checkout.session.async_payment_succeeded', session);
}

function complete(
  account: StripeAccount,
  session: CheckoutSession,
  paymentStatus: CheckoutSession['payment_status'],
): void {
  Object.assign(session, {
    customer_details: customerDetails(account, session.customer, session.customer_email),
    payment_status: paymentStatus,
    status: 'complete',
    url: null,
  });
  emitEvent(account, 'checkout.session.completed', session);
}

/** The payment of this session; a second try uses that of the first. */
function paymentFor(
  account: StripeAccount,
  session: CheckoutSession,
  plan: CheckoutPlan,
  customer: Customer | null,
): PaymentIntent {
  const begun = account.paymentIntents.find(plan.begunPayment);
  if (begun) return begun;
  const paymentIntent = openPaymentIntent(account, {
    amount: session.amount_total,
    currency: session.currency,
    customer: customer?.id ?? null,
    description: plan.paymentDescription ?? (session.mode === 'subscription' ? 'Subscription creation' : null),
    metadata: { ...plan.paymentMetadata },
    setupFutureUsage: plan.keepsCard || session.mode === 'subscription' ? 'off_session' : null,
  });
  plan.begunPayment = paymentIntent.id;
  return paymentIntent;
}

/** A receipt in the form of an invoice that is paid already. */
function addInvoice(
  account: StripeAccount,
  session: CheckoutSession,
  plan: CheckoutPlan,
  customer: Customer,
  paymentIntent: PaymentIntent,
): void {
  const now = nowSeconds(account);
  const invoice = draftInvoice(account, {
    customer,
    subscription: null,
    reason: 'manual',
    metadata: { ...plan.invoiceMetadata },
    finalizesAt: null,
    lines: plan.lineItems.map(({ price, quantity, amount_total }) => ({
      amount: amount_total,
      description: account.products.find(price.product)?.name ?? price.product,
      period: { start: now, end: now },
      price,
      quantity,
      item: null,
      isProration: false,
      invoiceItem: newId('ii'),
      credited: null,
    })),
  });
  session.invoice = invoice.id;
  finalizeInvoice(account, invoice, paymentIntent);
  markPaid(account, invoice);
}

function customerFor(account: StripeAccount, session: CheckoutSession): Customer {
  const customer = account.customers.find(session.customer);
  if (customer) return customer;
  const email = session.customer_email ?? 'customer@example.com';
  const made = addCustomer(account, { email });
  session.customer = made.id;
  return made;
}

/** One-time payments are also taken from guests. */
function customerIfAny(account: StripeAccount, session: CheckoutSession): Customer | null {
  if (session.customer === null && session.customer_creation !== 'always') return null;
  return customerFor(account, session);
}
