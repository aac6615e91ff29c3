import type { StripeAccount } from '../account.ts';
import type { Invoice } from '../billing-objects.ts';
import { listPage, pageOf, readPageQuery } from '../list-page.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch } from '../stripe-error.ts';

const statuses = ['draft', 'open', 'paid', 'uncollectible', 'void'] as const;
const paymentStatuses = ['open', 'paid', 'canceled'] as const;

export const retrieveInvoice: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requireInvoice(account, id, 'id');
};

export const listInvoices: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const [customer, subscription] = [params.text('customer'), params.text('subscription')];
  const status = params.choice('status', statuses);
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.invoices,
    '/v1/invoices',
    page,
    (invoice) =>
      (customer === undefined || invoice.customer === customer) &&
      (subscription === undefined || invoice.parent?.subscription_details.subscription === subscription) &&
      (status === undefined || invoice.status === status) &&
      isCreated(invoice.created),
  );
};

export const listInvoiceLines: StripeHandler = ({ account, params, id }) => {
  const page = readPageQuery(params);
  params.done();
  return pageOf(requireInvoice(account, id, 'id').lines.data, `/v1/invoices/${id}/lines`, page);
};

export const retrieveInvoicePayment: StripeHandler = ({ account, params, id }) => {
  params.done();
  const payment = account.invoicePayments.find(id);
  if (!payment) throw noSuch('invoice_payment', id);
  return payment;
};

/** GET /invoice_payments?invoice= or ?payment[type]=payment_intent&payment[payment_intent]= */
export const listInvoicePayments: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const invoice = params.text('invoice');
  const status = params.choice('status', paymentStatuses);
  const payment = params.group('payment');
  payment?.choice('type', ['payment_intent']);
  const paymentIntent = payment?.text('payment_intent');
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.invoicePayments,
    '/v1/invoice_payments',
    page,
    (candidate) =>
      (invoice === undefined || candidate.invoice === invoice) &&
      (status === undefined || candidate.status === status) &&
      (paymentIntent === undefined || candidate.payment.payment_intent === paymentIntent) &&
      isCreated(candidate.created),
  );
};

export function requireInvoice(account: StripeAccount, id: string, param: string): Invoice {
  const invoice = account.invoices.find(id);
  if (!invoice) throw noSuch('invoice', id, param);
  return invoice;
}
