import { type CardOutcome, nowSeconds, type StripeAccount } from '../account.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Customer, PaymentMethod } from '../objects.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';

/** Stripe's cards for tests, and what comes of charging them. */
const testCards = new Map<string, CardOutcome>([
  ['pm_card_visa', 'ok'],
  ['pm_card_mastercard', 'ok'],
  ['pm_card_chargeCustomerFail', 'declined'],
]);

export const retrievePaymentMethod: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requirePaymentMethod(account, id, 'id');
};

/** POST /payment_methods/:id/attach; one of Stripe's test cards becomes a card of the customer's own. */
export const attachPaymentMethod: StripeHandler = ({ account, params, id }) => {
  const customer = params.requiredText('customer');
  params.done();
  if (!account.customers.find(customer)) throw noSuch('customer', customer, 'customer');
  const method = findOrMakePaymentMethod(account, id, 'id');
  if (method.customer !== null) {
    throw new StripeError('The payment method you provided has already been attached to a customer.');
  }
  attach(account, method, customer);
  return method;
};

export const detachPaymentMethod: StripeHandler = ({ account, params, id }) => {
  params.done();
  const method = requirePaymentMethod(account, id, 'id');
  if (method.customer === null) throw new StripeError('The payment method you provided is not attached to a customer.');
  changeObject(account, method, 'payment_method.detached', { customer: null });
  return method;
};

/** GET /payment_methods?customer= and GET /customers/:id/payment_methods. */
export const listPaymentMethods: StripeHandler = ({ account, params, id }) => {
  const page = readPageQuery(params);
  const customer = id === '' ? params.text('customer') : id;
  const type = params.choice('type', ['card', 'boleto']);
  params.done();
  return listPage(
    account.paymentMethods,
    id === '' ? '/v1/payment_methods' : `/v1/customers/${id}/payment_methods`,
    page,
    (method) => method.customer === (customer ?? null) && (type === undefined || method.type === type),
  );
};

/** A card of a customer, or of nobody yet. */
export function makeCard(account: StripeAccount, outcome: CardOutcome): PaymentMethod {
  const method = makePaymentMethod(account, 'card', {
    card: {
      brand: 'visa',
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'BR',
      display_brand: 'visa',
      exp_month: 12,
      exp_year: account.clock.now().getUTCFullYear() + 5,
      fingerprint: newId('fp', 16).slice(3),
      funding: 'credit',
      generated_from: null,
      last4: outcome === 'ok' ? '4242' : '0341',
      networks: { available: ['visa'], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
  });
  account.cardOutcomes.set(method.id, outcome);
  return method;
}

export function makeBoleto(account: StripeAccount): PaymentMethod {
  return makePaymentMethod(account, 'boleto', { boleto: { tax_id: '000.000.000-00' } });
}

export function attach(account: StripeAccount, method: PaymentMethod, customer: string): void {
  method.customer = customer;
  emitEvent(account, 'payment_method.attached', method);
}

export function requirePaymentMethod(account: StripeAccount, id: string, param: string): PaymentMethod {
  const method = account.paymentMethods.find(id);
  if (!method) throw noSuch('PaymentMethod', id, param);
  return method;
}

/** As `requirePaymentMethod`, and knows Stripe's test cards. */
export function findOrMakePaymentMethod(account: StripeAccount, id: string, param: string): PaymentMethod {
  const outcome = testCards.get(id);
  return outcome ? makeCard(account, outcome) : requirePaymentMethod(account, id, param);
}

/** Gives a customer a card that all later invoices are charged to. */
export function replaceCard(account: StripeAccount, customer: Customer, outcome: CardOutcome): PaymentMethod {
  const method = makeCard(account, outcome);
  attach(account, method, customer.id);
  changeObject(account, customer, 'customer.updated', {
    invoice_settings: { ...customer.invoice_settings, default_payment_method: method.id },
  });
  const subscriptions = account.subscriptions.newestFirst(
    (subscription) => subscription.customer === customer.id && subscription.ended_at === null,
  );
  for (const subscription of subscriptions) {
    changeObject(account, subscription, 'customer.subscription.updated', { default_payment_method: method.id });
  }
  return method;
}

function makePaymentMethod(
  account: StripeAccount,
  type: PaymentMethod['type'],
  details: Record<string, unknown>,
): PaymentMethod {
  const method = {
    id: newId('pm'),
    object: 'payment_method' as const,
    allow_redisplay: 'unspecified',
    billing_details: {
      address: { city: null, country: 'BR', line1: null, line2: null, postal_code: null, state: null },
      email: null,
      name: null,
      phone: null,
      tax_id: null,
    },
    ...details,
    created: nowSeconds(account),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type,
  };
  account.paymentMethods.add(method);
  return method;
}
