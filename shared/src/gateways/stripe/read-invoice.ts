import type { InvoiceState } from '../../db/queries/billing.ts';
import type { StripeInvoice } from './schemas.ts';

export interface StripeInvoiceLine {
  id: string;
  amountCents: number;
  description: string;
  periodStart: Date;
  periodEnd: Date;
  priceId: string | null;
  isProration: boolean;
  isDiscounted: boolean;
}

/** The subscription that an invoice is for; null for one that was made by hand or for a pack. */
export function subscriptionOf(invoice: StripeInvoice): string | null {
  return invoice.parent?.subscription_details?.subscription ?? invoice.subscription;
}

/** The organization that our checkout wrote to the subscription, as it was when the invoice was made. */
export function organizationOf(invoice: StripeInvoice): string | null {
  return invoice.parent?.subscription_details?.metadata.organization_id ?? null;
}

/** What refunds and disputes of its money will name. */
export function paymentIntentOf(invoice: StripeInvoice): string | null {
  const payments = invoice.payments?.data ?? [];
  const made = payments.find(({ status }) => status === 'paid') ?? payments[0];
  return made?.payment.payment_intent ?? invoice.payment_intent;
}

export function linesOf(invoice: Pick<StripeInvoice, 'lines'>): StripeInvoiceLine[] {
  return invoice.lines.data.map((line) => ({
    id: line.id,
    amountCents: line.amount,
    description: line.description ?? '',
    periodStart: new Date(line.period.start * 1000),
    periodEnd: new Date(line.period.end * 1000),
    priceId: line.pricing?.price_details?.price ?? line.price ?? null,
    isProration:
      line.parent?.subscription_item_details?.proration ??
      line.parent?.invoice_item_details?.proration ??
      line.proration ??
      false,
    isDiscounted: (line.discount_amounts ?? []).some(({ amount }) => amount > 0),
  }));
}

const statuses: Readonly<Record<string, InvoiceState['status']>> = {
  draft: 'draft',
  open: 'open',
  paid: 'paid',
  void: 'void',
  uncollectible: 'uncollectible',
};

/** The invoice as it is mirrored here. Its period is that of its lines: the invoice's own fields are not the service's. */
export function presentStripeInvoice(invoice: StripeInvoice): InvoiceState {
  const lines = linesOf(invoice);
  const at = (seconds: number | null | undefined) =>
    seconds === null || seconds === undefined ? null : new Date(seconds * 1000).toISOString();
  return {
    number: invoice.number ?? null,
    status: statuses[invoice.status ?? 'draft'] ?? 'open',
    amount_cents: Math.max(0, invoice.total),
    amount_paid_cents: invoice.amount_paid,
    currency: invoice.currency.toUpperCase(),
    description: invoice.description ?? lines.find(({ amountCents }) => amountCents >= 0)?.description ?? null,
    period_start: earliest(lines.map(({ periodStart }) => periodStart)),
    period_end: latest(lines.map(({ periodEnd }) => periodEnd)),
    due_at: at(invoice.due_date),
    paid_at: at(invoice.status_transitions?.paid_at),
    hosted_url: invoice.hosted_invoice_url ?? null,
    pdf_url: invoice.invoice_pdf ?? null,
    issued_at: at(invoice.created) ?? '',
  };
}

function earliest(dates: readonly Date[]): string | null {
  return dates.length === 0 ? null : new Date(Math.min(...dates.map(Number))).toISOString();
}

function latest(dates: readonly Date[]): string | null {
  return dates.length === 0 ? null : new Date(Math.max(...dates.map(Number))).toISOString();
}
