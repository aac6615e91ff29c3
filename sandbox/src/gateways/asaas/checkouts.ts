import { randomUUID } from 'node:crypto';
import { type AsaasAccount, newCustomerId, tellCheckout, today } from './account.ts';
import { createPayment, payPayment } from './payments.ts';
import type { Checkout, Customer, Method, Payment } from './records.ts';
import { invalid } from './replies.ts';
import { createSubscription, paymentsOf } from './subscriptions.ts';

/** Opens a hosted page that is there for some minutes. */
export function createCheckout(account: AsaasAccount, order: Omit<Checkout, 'id' | 'status'>): Checkout {
  const checkout = account.checkouts.add({ id: randomUUID(), status: 'ACTIVE', ...order });
  tellCheckout(account, 'CHECKOUT_CREATED', checkout);
  const endsAt = new Date(account.clock.now().getTime() + checkout.minutesToExpire * 60_000);
  account.clock.schedule(endsAt, () => {
    if (checkout.status === 'ACTIVE') end(account, checkout, 'EXPIRED');
  });
  return checkout;
}

export function cancelCheckout(account: AsaasAccount, checkout: Checkout): void {
  requireActive(checkout);
  end(account, checkout, 'CANCELED');
}

function end(account: AsaasAccount, checkout: Checkout, status: 'EXPIRED' | 'CANCELED' | 'PAID'): void {
  checkout.status = status;
  tellCheckout(account, `CHECKOUT_${status}`, checkout);
}

/**
 * The payer pays on the page: a payment, and for RECURRENT a subscription before it, come into being and are paid.
 * Neither carries the checkout's reference; `checkoutSession` is what ties them to it.
 */
export function payCheckout(account: AsaasAccount, checkout: Checkout, method: Method): Payment {
  requireActive(checkout);
  if (!checkout.billingTypes.includes(method)) throw invalid('invalid_billingType', `O checkout não aceita ${method}.`);
  const customer = customerOf(account, checkout);
  const valueCents = checkout.items.reduce((sum, item) => sum + item.quantity * item.valueCents, 0);
  const description = checkout.items.map(({ name }) => name).join(', ');
  const order = { customer: customer.id, billingType: method, valueCents, description, externalReference: null };
  const payment = checkout.subscription
    ? firstOf(account, checkout, { ...order, ...checkout.subscription })
    : createPayment(account, { ...order, dueDate: today(account), checkoutSession: checkout.id });
  // A first due date in the future is a trial: the card is kept, and charged on that day.
  if (payment.dueDate <= today(account)) payPayment(account, payment, method);
  end(account, checkout, 'PAID');
  return payment;
}

type Recurrence = Pick<Payment, 'customer' | 'billingType' | 'valueCents' | 'description' | 'externalReference'> &
  NonNullable<Checkout['subscription']>;

function firstOf(account: AsaasAccount, { id }: Checkout, order: Recurrence): Payment {
  const creditCardToken = randomUUID();
  const rest = { maxPayments: null, creditCardToken, checkoutSession: id };
  const [payment] = paymentsOf(account, createSubscription(account, { ...order, ...rest }));
  if (!payment) throw invalid('invalid_object', 'A data final da assinatura é anterior ao primeiro vencimento.');
  return payment;
}

/** The customer that the checkout names, or a new one of its data, or of what a payer would type in. */
function customerOf(account: AsaasAccount, { customer, customerData }: Checkout): Customer {
  const known = account.customers.find(customer);
  if (known) return known;
  return account.customers.add({
    id: newCustomerId(),
    dateCreated: today(account),
    name: 'Pagador do Checkout',
    cpfCnpj: '24971563792',
    email: null,
    ...customerData,
    mobilePhone: null,
    externalReference: null,
    notificationDisabled: false,
    cardOutcome: 'ok',
  });
}

function requireActive({ status }: Checkout): void {
  if (status !== 'ACTIVE') throw invalid('invalid_action', `O checkout não está ativo: ${status}.`);
}
