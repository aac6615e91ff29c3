import { nowSeconds, type StripeAccount } from '../account.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Customer } from '../objects.ts';
import type { Metadata, Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch } from '../stripe-error.ts';
import { attach, findOrMakePaymentMethod, requirePaymentMethod } from './payment-methods.ts';

/** Documented fields that change nothing here. */
const ignored = ['address', 'shipping', 'tax', 'tax_exempt', 'tax_id_data', 'preferred_locales', 'business_name'];

interface CustomerFields {
  email: string | null;
  name: string | null;
  phone: string | null;
  description: string | null;
  metadata: Metadata;
}

export const createCustomer: StripeHandler = ({ account, params }) => {
  const fields = readFields(params);
  const card = params.text('payment_method');
  const settings = params.group('invoice_settings');
  const defaultCard = settings?.text('default_payment_method');
  params.done();
  const method = card === undefined ? undefined : findOrMakePaymentMethod(account, card, 'payment_method');
  const customer = addCustomer(account, fields);
  if (method) {
    attach(account, method, customer.id);
    if (defaultCard === card) customer.invoice_settings.default_payment_method = method.id;
  }
  return customer;
};

/** A deleted customer is still found, and says so. */
export const retrieveCustomer: StripeHandler = ({ account, params, id }) => {
  params.done();
  if (account.deletedCustomers.find(id)) return deletedForm(id);
  return requireCustomer(account, id, 'id');
};

export const updateCustomer: StripeHandler = ({ account, params, id }) => {
  const customer = requireCustomer(account, id, 'id');
  const fields = readFields(params, customer);
  const card = params.group('invoice_settings')?.text('default_payment_method');
  params.done();
  const settings = { ...customer.invoice_settings };
  if (card !== undefined) {
    settings.default_payment_method =
      card === '' ? null : requirePaymentMethod(account, card, 'invoice_settings[default_payment_method]').id;
  }
  changeObject(account, customer, 'customer.updated', { ...fields, invoice_settings: settings });
  return customer;
};

export const listCustomers: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const email = params.text('email');
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.customers,
    '/v1/customers',
    page,
    (customer) => (email === undefined || customer.email === email) && isCreated(customer.created),
  );
};

export function requireCustomer(account: StripeAccount, id: string, param: string): Customer {
  const customer = account.customers.find(id);
  if (!customer) throw noSuch('customer', id, param);
  return customer;
}

/** What remains of a customer. */
export function deletedForm(id: string) {
  return { id, object: 'customer', deleted: true };
}

export function addCustomer(account: StripeAccount, fields: Partial<CustomerFields>): Customer {
  const customer = {
    id: newId('cus', 14),
    object: 'customer' as const,
    address: null,
    balance: 0,
    created: nowSeconds(account),
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: fields.description ?? null,
    discount: null,
    email: fields.email ?? null,
    invoice_prefix: newId('', 8).slice(1).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: fields.metadata ?? {},
    name: fields.name ?? null,
    next_invoice_sequence: 1,
    phone: fields.phone ?? null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
  account.customers.add(customer);
  emitEvent(account, 'customer.created', customer);
  return customer;
}

function readFields(params: Params, before?: Customer): CustomerFields {
  params.ignore(...ignored);
  // An empty text unsets a field.
  const read = (name: 'email' | 'name' | 'phone' | 'description') => {
    const sent = params.text(name);
    return sent === undefined ? (before?.[name] ?? null) : sent || null;
  };
  return {
    email: read('email'),
    name: read('name'),
    phone: read('phone'),
    description: read('description'),
    metadata: params.metadata(before?.metadata),
  };
}
