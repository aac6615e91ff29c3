import { nowSeconds, type StripeAccount } from '../account.ts';
import type { Invoice, InvoiceLine, LineDraft, Period, Subscription } from '../billing-objects.ts';
import { emitEvent } from '../emit-event.ts';
import { listOf } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Customer } from '../objects.ts';
import type { Metadata } from '../params.ts';

interface InvoiceFields {
  customer: Customer;
  reason: Invoice['billing_reason'];
  lines: readonly LineDraft[];
  subscription: Subscription | null;
  metadata?: Metadata;
  period?: Period;
  /** When Stripe finalizes it on its own; null when somebody else does. */
  finalizesAt: number | null;
}

/** Makes a draft and emits `invoice.created`. */
export function draftInvoice(account: StripeAccount, fields: InvoiceFields): Invoice {
  const invoice = account.invoices.add(buildInvoice(account, fields));
  emitEvent(account, 'invoice.created', invoice);
  return invoice;
}

/** An invoice that is not stored: a preview, or a draft to be. */
export function buildInvoice(account: StripeAccount, fields: InvoiceFields): Invoice {
  const id = newId('in');
  const created = nowSeconds(account);
  const { customer, subscription } = fields;
  const lines = fields.lines.map((line) => buildLine(id, customer, line));
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  const amountDue = Math.max(0, total + customer.balance);
  const period = fields.period ?? { start: created, end: created };
  const invoice = {
    ...unusedFields(),
    id,
    object: 'invoice' as const,
    amount_due: amountDue,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: amountDue,
    attempt_count: 0,
    attempted: false,
    auto_advance: fields.finalizesAt !== null,
    automatically_finalizes_at: fields.finalizesAt,
    billing_reason: fields.reason,
    collection_method: 'charge_automatically',
    created,
    currency: lines[0]?.currency ?? 'brl',
    customer: customer.id,
    customer_email: customer.email,
    customer_name: customer.name,
    customer_phone: customer.phone,
    effective_at: null,
    ending_balance: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    lines: listOf(lines, `/v1/invoices/${id}/lines`),
    metadata: fields.metadata ?? {},
    next_payment_attempt: fields.finalizesAt,
    number: null,
    parent: subscription && {
      type: 'subscription_details' as const,
      quote_details: null,
      subscription_details: { metadata: { ...subscription.metadata }, subscription: subscription.id },
    },
    period_end: period.end,
    period_start: period.start,
    starting_balance: customer.balance,
    status: 'draft' as const,
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_excluding_tax: total,
    webhooks_delivered_at: created,
  };
  return invoice;
}

function buildLine(invoiceId: string, customer: Customer, draft: LineDraft): InvoiceLine {
  const prorationDetails = { credited_items: draft.credited };
  const line = {
    id: newId('il'),
    object: 'line_item' as const,
    amount: draft.amount,
    currency: customer.currency ?? draft.price.currency,
    description: draft.description,
    discount_amounts: [],
    discountable: !draft.isProration,
    discounts: [],
    invoice: invoiceId,
    livemode: false,
    metadata: {},
    parent: draft.item
      ? {
          type: 'subscription_item_details' as const,
          invoice_item_details: null,
          subscription_item_details: {
            invoice_item: draft.invoiceItem,
            proration: draft.isProration,
            proration_details: prorationDetails,
            subscription: draft.item.subscription,
            subscription_item: draft.item.id,
          },
        }
      : {
          type: 'invoice_item_details' as const,
          invoice_item_details: {
            invoice_item: draft.invoiceItem,
            proration: false,
            proration_details: prorationDetails,
            subscription: null,
          },
          subscription_item_details: null,
        },
    period: draft.period,
    pretax_credit_amounts: [],
    pricing: {
      type: 'price_details',
      price_details: { price: draft.price.id, product: draft.price.product },
      unit_amount_decimal: String(draft.price.unit_amount),
    },
    quantity: draft.quantity,
    quantity_decimal: String(draft.quantity),
    subscription: draft.item?.subscription ?? null,
    subtotal: draft.amount,
    taxes: [],
  };
  return line;
}

function unusedFields() {
  return {
    account_country: 'BR',
    account_name: 'Sandbox',
    account_tax_ids: null,
    amount_shipping: 0,
    application: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    custom_fields: null,
    customer_account: null,
    customer_address: null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    due_date: null,
    footer: null,
    from_invoice: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    livemode: false,
    on_behalf_of: null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    statement_descriptor: null,
    test_clock: null,
    total_discount_amounts: [],
    total_pretax_credit_amounts: [],
    total_taxes: [],
  };
}
