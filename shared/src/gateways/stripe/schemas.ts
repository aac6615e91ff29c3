import * as z from 'zod';

/**
 * What BASE reads of Stripe's objects. Everything else is left out, lists of words are open, and what moved with the version
 * of 2025-03-31 is also taken from where it was before: an object may be older than the webhook endpoint that tells of it.
 */

/** An id, or the object itself where it was expanded. */
const reference = z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]);
const optionalReference = reference.nullish().transform((id) => id ?? null);
const seconds = z.int();
const optionalSeconds = seconds.nullish().transform((value) => value ?? null);
const metadata = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

export const subscriptionSchema = z.object({
  id: z.string(),
  status: z.string(),
  customer: reference,
  metadata,
  created: seconds,
  start_date: optionalSeconds,
  cancel_at_period_end: z.boolean().default(false),
  cancel_at: optionalSeconds,
  canceled_at: optionalSeconds,
  ended_at: optionalSeconds,
  trial_end: optionalSeconds,
  billing_cycle_anchor: optionalSeconds,
  current_period_start: optionalSeconds,
  current_period_end: optionalSeconds,
  schedule: optionalReference,
  latest_invoice: optionalReference,
  pending_update: z.unknown().optional(),
  items: z.object({
    data: z.array(
      z.object({
        id: z.string(),
        price: z.object({ id: z.string() }),
        current_period_start: optionalSeconds,
        current_period_end: optionalSeconds,
      }),
    ),
  }),
});

const prorationDetails = z.object({ proration: z.boolean().nullish() }).nullish();
const lineSchema = z.object({
  id: z.string(),
  amount: z.int(),
  description: z.string().nullish(),
  period: z.object({ start: seconds, end: seconds }),
  discount_amounts: z.array(z.object({ amount: z.int() })).nullish(),
  parent: z.object({ subscription_item_details: prorationDetails, invoice_item_details: prorationDetails }).nullish(),
  pricing: z.object({ price_details: z.object({ price: reference }).nullish() }).nullish(),
  price: reference.nullish(),
  proration: z.boolean().nullish(),
});

export const invoiceSchema = z.object({
  id: z.string(),
  status: z.string().nullish(),
  customer: optionalReference,
  currency: z.string(),
  total: z.int(),
  amount_paid: z.int().default(0),
  attempt_count: z.int().default(0),
  billing_reason: z.string().nullish(),
  number: z.string().nullish(),
  description: z.string().nullish(),
  hosted_invoice_url: z.string().nullish(),
  invoice_pdf: z.string().nullish(),
  due_date: optionalSeconds,
  created: seconds,
  status_transitions: z.object({ paid_at: optionalSeconds }).nullish(),
  parent: z.object({ subscription_details: z.object({ subscription: reference, metadata }).nullish() }).nullish(),
  subscription: optionalReference,
  payment_intent: optionalReference,
  payments: z
    .object({
      data: z.array(z.object({ status: z.string(), payment: z.object({ payment_intent: optionalReference }) })),
    })
    .nullish(),
  lines: z.object({ data: z.array(lineSchema), has_more: z.boolean().default(false) }),
});
export type StripeInvoice = z.output<typeof invoiceSchema>;

export const sessionSchema = z.object({
  id: z.string(),
  mode: z.string(),
  status: z.string().nullish(),
  payment_status: z.string(),
  amount_total: z.int().nullish(),
  currency: z.string().nullish(),
  client_reference_id: z.string().nullish(),
  created: seconds,
  expires_at: seconds,
  url: z.string().nullish(),
  metadata,
  subscription: optionalReference,
  payment_intent: z
    .union([
      z.string().transform((id) => ({ id, status: null, next_action: null })),
      z.object({ id: z.string(), status: z.string(), next_action: z.record(z.string(), z.unknown()).nullish() }),
    ])
    .nullish(),
});
export type StripeSession = z.output<typeof sessionSchema>;

export const refundSchema = z.object({
  id: z.string(),
  amount: z.int(),
  status: z.string().nullish(),
  payment_intent: optionalReference,
});

export const disputeSchema = z.object({
  id: z.string(),
  amount: z.int(),
  status: z.string(),
  payment_intent: optionalReference,
});

export const scheduleSchema = z.object({
  id: z.string(),
  status: z.string(),
  subscription: optionalReference,
  released_subscription: optionalReference,
  phases: z.array(z.object({ start_date: seconds, end_date: seconds, items: z.array(z.object({ price: reference })) })),
});
