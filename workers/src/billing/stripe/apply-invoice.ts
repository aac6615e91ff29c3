import { applyInvoice, applyPayment } from '@base/shared/db/queries/billing';
import { findPlansOfPrices } from '@base/shared/db/queries/gateway-records';
import { creditsOfInvoice, UnknownPriceError } from '@base/shared/gateways/stripe/invoice-credits';
import {
  linesOf,
  organizationOf,
  paymentIntentOf,
  presentStripeInvoice,
  subscriptionOf,
} from '@base/shared/gateways/stripe/read-invoice';
import type { StripeSubscription } from '@base/shared/gateways/stripe/read-subscription';
import { invoiceSchema, type StripeInvoice } from '@base/shared/gateways/stripe/schemas';
import { UnusableEventError } from '../gateway.ts';
import { mirrorSubscription } from './mirror-subscription.ts';
import { findOrganization, type Occasion, type StripeContext } from './stripe-context.ts';

const linesMax = 1_000;

/** Mirrors an invoice as it is at Stripe now, and writes the credits of a paid one, which is the only thing that brings them. */
export async function applyStripeInvoice(context: StripeContext, { objectId, asOf }: Occasion): Promise<StripeInvoice> {
  const invoice = await retrieveInvoice(context, objectId);
  const organizationId = await findOrganization(context, {
    label: `the invoice ${objectId}`,
    customerId: invoice.customer,
    written: organizationOf(invoice),
  });
  const subscriptionId = subscriptionOf(invoice);
  // Also when it is not paid: that is a state of the subscription, too.
  const subscription =
    subscriptionId === null ? null : await mirrorSubscription(context, { objectId: subscriptionId, asOf });
  if (invoice.status === 'paid') await applyPaid(context, organizationId, invoice, subscription);
  await applyInvoice(context.pool, {
    organizationId,
    gateway: 'stripe',
    gatewayId: invoice.id,
    state: presentStripeInvoice(invoice),
    asOf,
  });
  return invoice;
}

async function applyPaid(
  { pool, clock, log }: StripeContext,
  organizationId: string,
  invoice: StripeInvoice,
  subscription: StripeSubscription | null,
): Promise<void> {
  const lines = linesOf(invoice);
  const plans = await findPlansOfPrices(
    pool,
    'stripe',
    lines.flatMap(({ priceId }) => priceId ?? []),
  );
  const credits = readCredits(() =>
    creditsOfInvoice(
      {
        id: invoice.id,
        billingReason: subscription === null ? null : (invoice.billing_reason ?? null),
        lines,
        trialEnd: subscription?.trialEnd ?? null,
        anchor: subscription?.anchor ?? null,
      },
      (priceId) => plans.get(priceId),
    ),
  );
  if (credits.lines.length === 0) {
    if (invoice.amount_paid === 0) return;
    log.warn({ invoice: invoice.id, reason: invoice.billing_reason }, 'a paid invoice brings no credits');
  }
  const paidAt = invoice.status_transitions?.paid_at;
  const code = await applyPayment(pool, {
    organizationId,
    gateway: 'stripe',
    paymentId: invoice.id,
    chargeId: paymentIntentOf(invoice),
    kind: credits.hasFullPeriod || credits.lines.length === 0 ? 'subscription' : 'proration',
    amountCents: invoice.amount_paid,
    currency: invoice.currency.toUpperCase(),
    paidAt: paidAt ? new Date(paidAt * 1000) : clock.now(),
    lines: credits.lines,
    checkoutId: null,
  });
  if (code === 'organization_not_found') {
    throw new UnusableEventError(`the invoice ${invoice.id} is of an organization that is gone`);
  }
}

function readCredits<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnknownPriceError) throw new UnusableEventError(error.message);
    throw error;
  }
}

/** With its payments, and all of its lines: an answer holds only the first ones. */
async function retrieveInvoice({ stripe }: StripeContext, id: string): Promise<StripeInvoice> {
  const invoice = invoiceSchema.parse(await stripe.invoices.retrieve(id, { expand: ['payments'] }));
  if (!invoice.lines.has_more) return invoice;
  const all = await stripe.invoices.listLineItems(id, { limit: 100 }).autoPagingToArray({ limit: linesMax });
  return { ...invoice, lines: invoiceSchema.shape.lines.parse({ data: all, has_more: false }) };
}
