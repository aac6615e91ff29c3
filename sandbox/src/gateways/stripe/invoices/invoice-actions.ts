import { nowSeconds } from '../account.ts';
import { requirePaymentMethod } from '../customers/payment-methods.ts';
import { declined } from '../payments/charge-payment.ts';
import type { StripeHandler } from '../serve.ts';
import { StripeError } from '../stripe-error.ts';
import { planPriceChange } from '../subscriptions/change-price.ts';
import { collectInvoice, finalizeAndCollect, takePaid } from '../subscriptions/collect-invoice.ts';
import { requireSubscription } from '../subscriptions/subscriptions.ts';
import { readItemChanges } from '../subscriptions/update-subscription.ts';
import { buildInvoice } from './draft-invoice.ts';
import { requireInvoice } from './invoices.ts';
import { abandonInvoice, markPaid } from './settle-invoice.ts';

/** POST /invoices/:id/pay: one more attempt, or word that it was paid elsewhere. */
export const payInvoice: StripeHandler = ({ account, params, id }) => {
  const invoice = requireInvoice(account, id, 'id');
  const card = params.text('payment_method');
  const isOutside = params.flag('paid_out_of_band') ?? false;
  params.ignore('off_session');
  params.done();
  const method = card === undefined ? undefined : requirePaymentMethod(account, card, 'payment_method');
  if (invoice.status === 'paid') throw new StripeError('Invoice is already paid', { code: 'invoice_already_paid' });
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw new StripeError(`You can only pay an open invoice; this one is ${invoice.status}.`);
  }
  if (isOutside) {
    markPaid(account, invoice);
    takePaid(account, invoice);
    return invoice;
  }
  if (collectInvoice(account, invoice, method)) return invoice;
  throw new StripeError(declined.message, {
    status: 402,
    type: 'card_error',
    code: declined.code,
    extra: { decline_code: declined.decline_code },
  });
};

/** POST /invoices/:id/finalize: a draft does not wait for its hour. */
export const finalizeInvoiceCall: StripeHandler = ({ account, params, id }) => {
  const invoice = requireInvoice(account, id, 'id');
  params.ignore('auto_advance');
  params.done();
  if (invoice.status !== 'draft') {
    throw new StripeError("This invoice is already finalized, you can't re-finalize a non-draft invoice.");
  }
  finalizeAndCollect(account, invoice);
  return invoice;
};

export const voidInvoice: StripeHandler = ({ account, params, id }) => {
  const invoice = requireInvoice(account, id, 'id');
  params.done();
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw new StripeError(`You can only void an open invoice; this one is ${invoice.status}.`);
  }
  abandonInvoice(account, invoice, 'void');
  return invoice;
};

export const markUncollectible: StripeHandler = ({ account, params, id }) => {
  const invoice = requireInvoice(account, id, 'id');
  params.done();
  if (invoice.status !== 'open') {
    throw new StripeError(`You can only mark an open invoice as uncollectible; this one is ${invoice.status}.`);
  }
  abandonInvoice(account, invoice, 'uncollectible');
  return invoice;
};

/** POST /invoices/create_preview of a change of price that would be billed now. */
export const previewInvoice: StripeHandler = ({ account, params }) => {
  const subscription = requireSubscription(account, params.requiredText('subscription'), 'subscription');
  const details = params.group('subscription_details');
  if (!details) throw params.missing('subscription_details');
  const date = details.integer('proration_date') ?? nowSeconds(account);
  const proration = details.choice('proration_behavior', ['none', 'create_prorations', 'always_invoice']);
  const changes = readItemChanges(account, subscription, details);
  params.ignore('customer');
  params.done();
  const customer = account.customers.find(subscription.customer);
  if (!customer) throw new StripeError('The customer of this subscription is gone.');
  const { lines } = planPriceChange(account, subscription, changes, date, proration !== 'none');
  return buildInvoice(account, {
    customer,
    subscription,
    lines,
    reason: 'subscription_update',
    finalizesAt: null,
  });
};
