import * as z from 'zod';
import { email } from './accounts.ts';
import { id, timestamp } from './wire.ts';

export const gateways = ['stripe', 'asaas'] as const;
export const billingIntervals = ['month', 'year'] as const;
export const paymentMethods = ['link', 'pix', 'boleto', 'card'] as const;
export type PaymentMethod = (typeof paymentMethods)[number];
const slug = z.string().min(1).max(50);
/** Amounts of money are whole cents. */
const cents = z.int();

export const creditPack = z
  .object({
    id: z.string(),
    object: z.literal('credit_pack'),
    name: z.string(),
    credits: z.int(),
    price_cents: cents,
    currency: z.literal('BRL'),
  })
  .meta({ id: 'CreditPack' });

const returnUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .meta({ description: 'At one of the API’s allowed origins.' });

export const createCheckoutBody = z
  .strictObject({
    plan: slug.optional().meta({ description: 'A plan to subscribe to; this or `pack`.' }),
    interval: z.enum(billingIntervals).optional().meta({ description: 'Of the plan; a month when not given.' }),
    pack: slug.optional().meta({ description: 'A credit pack to buy once.' }),
    gateway: z.enum(gateways).optional(),
    method: z.enum(paymentMethods).optional().meta({
      description:
        'At Asaas: `pix` and `boleto` bring `instructions`; `card`, and `link` when not given, bring a page. Stripe’s page offers the ways to pay by itself.',
    }),
    customer: z
      .strictObject({
        name: z.string().trim().min(1).max(100),
        cpf_cnpj: z.string().min(11).max(20).meta({ description: 'CPF or CNPJ, with separators or without.' }),
        email: email.optional(),
      })
      .optional()
      .meta({ description: 'Who pays: Asaas has to know it, at the first order. It is kept there only.' }),
    success_url: returnUrl.optional(),
    cancel_url: returnUrl.optional(),
  })
  .refine((body) => (body.plan === undefined) !== (body.pack === undefined), 'must name either a plan or a pack')
  .refine((body) => body.pack === undefined || body.interval === undefined, {
    path: ['interval'],
    message: 'is for plans only',
  });

export const checkout = z
  .object({
    id,
    object: z.literal('checkout'),
    gateway: z.enum(gateways),
    status: z.enum(['creating', 'open', 'completed', 'expired', 'failed']).meta({
      description: 'It is completed when it is paid, which the gateway tells us, not the page it returns to.',
    }),
    plan: z.string().nullable(),
    interval: z.enum(billingIntervals).nullable(),
    pack: z.string().nullable(),
    credits: z.int().meta({ description: 'What the payment brings; of a plan for its first interval.' }),
    amount_cents: cents,
    currency: z.literal('BRL'),
    url: z.string().nullable().meta({ description: 'Where to pay; null when there is nothing to do there.' }),
    instructions: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'For PIX and boletos, what the payer needs to have.' }),
    expires_at: timestamp,
    completed_at: timestamp.nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'Checkout' });

export const createPortalBody = z.strictObject({ return_url: returnUrl.optional() });
export const portal = z.object({ object: z.literal('portal'), url: z.string() }).meta({ id: 'BillingPortal' });

export const subscriptionStatuses = ['trialing', 'active', 'past_due', 'paused', 'canceled'] as const;

export const subscription = z
  .object({
    object: z.literal('subscription'),
    plan: z
      .string()
      .meta({ description: 'What holds now; `free` without a subscription, and when its grace is over.' }),
    status: z.enum(subscriptionStatuses).nullable().meta({ description: 'Null when there has never been one.' }),
    subscribed_plan: z.string().nullable(),
    gateway: z.enum(gateways).nullable(),
    interval: z.enum(billingIntervals).nullable(),
    current_period_start: timestamp.nullable(),
    current_period_end: timestamp.nullable(),
    trial_end: timestamp.nullable(),
    cancel_at_period_end: z.boolean(),
    next_plan: z.string().nullable().meta({ description: 'What it changes to when the period ends.' }),
    grace_ends_at: timestamp
      .nullable()
      .meta({ description: 'A payment is overdue; without it the plan is lost then.' }),
  })
  .meta({ id: 'Subscription' });

export const changeSubscriptionBody = z.strictObject({
  plan: slug,
  interval: z.enum(billingIntervals).default('month'),
});

export const subscriptionChange = z
  .object({
    object: z.literal('subscription_change'),
    action: z.enum(['upgrade', 'downgrade', 'keep', 'cancel', 'resume', 'pause']),
    plan: z.string().meta({ description: 'The plan that it will be on.' }),
    interval: z.enum(billingIntervals),
    when: z.enum(['now', 'period_end', 'paid']).meta({
      description: '`paid`: as soon as the invoice at `payment_url` is paid; until then everything stays as it is.',
    }),
    effective_at: timestamp.nullable(),
    payment_url: z.string().nullable(),
  })
  .meta({ id: 'SubscriptionChange' });

export const invoice = z
  .object({
    id,
    object: z.literal('invoice'),
    gateway: z.enum(gateways),
    number: z.string().nullable(),
    status: z.enum(['draft', 'open', 'paid', 'void', 'uncollectible', 'refunded']),
    amount_cents: cents,
    amount_paid_cents: cents,
    currency: z.string(),
    description: z.string().nullable(),
    period_start: timestamp.nullable(),
    period_end: timestamp.nullable(),
    due_at: timestamp.nullable(),
    paid_at: timestamp.nullable(),
    url: z.string().nullable().meta({ description: 'The gateway’s page of it, where it can be paid.' }),
    pdf_url: z.string().nullable(),
    issued_at: timestamp,
  })
  .meta({ id: 'Invoice' });

export const paymentEventReceipt = z
  .object({
    result: z.enum(['received', 'replayed', 'ignored']),
  })
  .meta({ id: 'PaymentEventReceipt' });
