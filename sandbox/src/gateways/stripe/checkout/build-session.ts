import { nowSeconds, type StripeAccount } from '../account.ts';
import type { CheckoutLineItem, CheckoutSession } from '../billing-objects.ts';
import { newId } from '../new-id.ts';
import type { Price } from '../objects.ts';
import type { Metadata } from '../params.ts';

export interface SessionFields {
  mode: CheckoutSession['mode'];
  lineItems: readonly CheckoutLineItem[];
  currency: string;
  customer: string | null;
  customerEmail: string | null;
  customerCreation: CheckoutSession['customer_creation'];
  clientReferenceId: string | null;
  hasInvoice: boolean;
  invoiceMetadata: Metadata;
  isCardOptional: boolean;
  isTrial: boolean;
  expiresAt: number;
  metadata: Metadata;
  successUrl: string | null;
  cancelUrl: string | null;
  locale: string | null;
}

/** A session as Stripe shows it while it is open; it is not stored yet. */
export function buildSession(account: StripeAccount, fields: SessionFields): CheckoutSession {
  const id = newId('cs_test', 58);
  const listed = fields.lineItems.reduce((sum, { amount_total }) => sum + amount_total, 0);
  const total = fields.isTrial ? 0 : listed;
  const isPayment = fields.mode === 'payment';
  const session = {
    ...unusedFields(),
    id,
    object: 'checkout.session' as const,
    amount_subtotal: total,
    amount_total: total,
    cancel_url: fields.cancelUrl,
    client_reference_id: fields.clientReferenceId,
    created: nowSeconds(account),
    currency: fields.currency,
    customer: fields.customer,
    customer_creation:
      fields.customer === null && isPayment ? (fields.customerCreation ?? ('if_required' as const)) : null,
    customer_details: customerDetails(account, fields.customer, fields.customerEmail),
    customer_email: fields.customerEmail,
    expires_at: fields.expiresAt,
    invoice: null,
    invoice_creation: isPayment ? invoiceCreation(fields.hasInvoice, fields.invoiceMetadata) : null,
    livemode: false,
    locale: fields.locale,
    metadata: fields.metadata,
    mode: fields.mode,
    payment_intent: null,
    payment_method_collection: fields.isCardOptional ? 'if_required' : 'always',
    payment_method_types: isPayment ? ['card', 'boleto'] : ['card'],
    payment_status: 'unpaid' as const,
    status: 'open' as const,
    subscription: null,
    success_url: fields.successUrl,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    url: `${account.origin}/_sandbox/stripe/pages/checkout/${id}`,
  };
  return session;
}

export function buildLineItem(account: StripeAccount, price: Price, quantity: number): CheckoutLineItem {
  const amount = price.unit_amount * quantity;
  const item = {
    id: newId('li'),
    object: 'item' as const,
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: account.products.find(price.product)?.name ?? price.product,
    metadata: {},
    price,
    quantity,
  };
  return item;
}

/** Who pays, as the page shows it. */
export function customerDetails(account: StripeAccount, customerId: string | null, email: string | null) {
  const customer = account.customers.find(customerId);
  if (!customer && email === null) return null;
  return {
    address: null,
    business_name: null,
    email: customer?.email ?? email,
    individual_name: null,
    name: customer?.name ?? null,
    phone: customer?.phone ?? null,
    tax_exempt: 'none',
    tax_ids: null,
  };
}

function invoiceCreation(enabled: boolean, metadata: Metadata) {
  return {
    enabled,
    invoice_data: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: null,
      metadata,
      rendering_options: null,
    },
  };
}

function unusedFields() {
  return {
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    client_secret: null,
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    consent: null,
    consent_collection: null,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer_account: null,
    discounts: [],
    integration_identifier: null,
    managed_payments: null,
    origin_context: null,
    payment_link: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    submit_type: null,
    ui_mode: 'hosted_page',
    wallet_options: null,
  };
}
