import { applyPayment, type CheckoutRow } from '@base/shared/db/queries/billing';
import { endCheckout, findCheckout, storeCheckout } from '@base/shared/db/queries/checkouts';
import { type StripeSession, sessionSchema } from '@base/shared/gateways/stripe/schemas';
import * as z from 'zod';
import { UnusableEventError } from '../gateway.ts';
import { mirrorSubscription } from './mirror-subscription.ts';
import type { Occasion, StripeContext } from './stripe-context.ts';

const uuid = z.uuid();
/** A payment that takes days has until then; whether it has failed is looked up at the end. */
const pendingDays = 10;
const pendingStatuses = new Set(['processing', 'requires_action']);

/** Writes what has become of a checkout session; `ignored` is one that our checkout did not make. */
export async function applySession(
  context: StripeContext,
  { objectId, asOf }: Occasion,
): Promise<'processed' | 'ignored'> {
  const { pool, stripe } = context;
  const found = await stripe.checkout.sessions.retrieve(objectId, { expand: ['payment_intent'] });
  const session = sessionSchema.parse(found);
  const checkoutId = uuid.safeParse(session.client_reference_id).data;
  const checkout = checkoutId === undefined ? null : await findCheckout(pool, 'stripe', checkoutId);
  if (checkout === null) return 'ignored';
  refuseForeign(session, checkout);
  if (session.status === 'expired') {
    await endCheckout(pool, checkout.id, 'expired', session.id);
  } else if (session.mode === 'subscription') {
    await applySubscribed(context, session, checkout, asOf);
  } else if (session.payment_status === 'paid') {
    await applyPack(context, session, checkout);
  } else if (session.status === 'complete') {
    await awaitPayment(context, session, checkout);
  }
  return 'processed';
}

/** Others, such as payment links, may carry a reference that the payer has chosen. */
function refuseForeign(session: StripeSession, checkout: CheckoutRow): void {
  const isOwn =
    checkout.gateway_id === null ? session.metadata.checkout_id === checkout.id : checkout.gateway_id === session.id;
  if (!isOwn) throw new UnusableEventError(`the session ${session.id} names an order that is not its own`);
}

/** The credits are those of the order, and only its whole amount pays for them. */
async function applyPack({ pool, clock }: StripeContext, session: StripeSession, checkout: CheckoutRow): Promise<void> {
  const { amount_total: amountCents, currency } = session;
  if (checkout.pack_id === null || amountCents !== checkout.amount_cents || currency !== 'brl') {
    throw new UnusableEventError(
      `the session ${session.id} was paid with ${amountCents} ${currency}, its order is for ${checkout.amount_cents} brl`,
    );
  }
  const code = await applyPayment(pool, {
    organizationId: checkout.organization_id,
    gateway: 'stripe',
    paymentId: session.id,
    chargeId: session.payment_intent?.id ?? null,
    kind: 'pack',
    amountCents,
    currency: 'BRL',
    paidAt: clock.now(),
    lines: [{ reference: session.id, credits: checkout.credits, expires_at: null, description: 'Credit pack' }],
    checkoutId: checkout.id,
  });
  if (code === 'organization_not_found') {
    throw new UnusableEventError(`the session ${session.id} is of an organization that is gone`);
  }
}

/** The plan follows from the subscription, its credits from the invoice; here only the order ends. */
async function applySubscribed(
  context: StripeContext,
  session: StripeSession,
  checkout: CheckoutRow,
  asOf: Date,
): Promise<void> {
  if (session.subscription === null) return;
  await mirrorSubscription(context, { objectId: session.subscription, asOf });
  if (session.payment_status === 'unpaid') await awaitPayment(context, session, checkout);
  else await endCheckout(context.pool, checkout.id, 'completed', session.id);
}

/** A boleto is paid days later, or never. */
async function awaitPayment(context: StripeContext, session: StripeSession, checkout: CheckoutRow): Promise<void> {
  const { pool, clock } = context;
  const status = session.payment_intent?.status ?? 'processing';
  if (!pendingStatuses.has(status)) {
    await endCheckout(pool, checkout.id, 'failed', session.id);
    return;
  }
  const voucher = voucherSchema.safeParse(session.payment_intent?.next_action).data?.boleto_display_details;
  const endsAt = (voucher?.expires_at ?? session.created) * 1000 + pendingDays * 86_400_000;
  await storeCheckout(pool, checkout.id, {
    gatewayId: session.id,
    url: voucher?.hosted_voucher_url ?? null,
    instructions: voucher === undefined ? { type: 'pending' } : { type: 'boleto', ...voucher },
    // One that should have been decided by now is looked up again tomorrow.
    expiresAt: new Date(Math.max(endsAt, clock.now().getTime() + 86_400_000)),
  });
}

const voucherSchema = z.object({
  boleto_display_details: z.object({
    hosted_voucher_url: z.string().nullish(),
    pdf: z.string().nullish(),
    number: z.string().nullish(),
    expires_at: z.int().nullish(),
  }),
});
