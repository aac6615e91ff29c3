import { isGatewayError } from '@base/shared/gateways/gateway-error';
import { callStripe } from '@base/shared/gateways/stripe/translate-error';
import type { Stripe } from 'stripe';
import type { DueTopup, TopupOutcome } from '../gateway.ts';
import type { StripeContext } from './stripe-context.ts';

/**
 * Charges the card on file for one top-up, once: under the top-up's own key, and after a look at what has been paid when
 * somebody was at it before, because Stripe forgets keys after a day.
 */
export async function payTopup(context: StripeContext, topup: DueTopup): Promise<TopupOutcome> {
  const earlier = topup.claims > 1 ? await findPayment(context, topup) : undefined;
  if (earlier !== undefined) return readOutcome(context, earlier);
  const method = await findCard(context, topup.gateway_customer_id);
  if (method === undefined) return { status: 'declined', code: 'no_payment_method' };
  try {
    const intent = await callStripe(() =>
      context.stripe.paymentIntents.create(
        {
          amount: topup.amount_cents,
          currency: 'brl',
          customer: topup.gateway_customer_id,
          payment_method: method,
          off_session: true,
          confirm: true,
          description: 'Automatic top-up',
          metadata: { topup_id: topup.id, organization_id: topup.organization_id },
        },
        { idempotencyKey: `topup:${topup.id}` },
      ),
    );
    return await readOutcome(context, intent);
  } catch (error) {
    // A card's refusal is an answer; everything else is tried again.
    if (isGatewayError(error, 'invalid')) return { status: 'declined', code: error.codes[0] ?? 'declined' };
    throw error;
  }
}

async function findPayment(context: StripeContext, topup: DueTopup): Promise<Stripe.PaymentIntent | undefined> {
  const query = { customer: topup.gateway_customer_id, limit: 100 };
  const page = await callStripe(() => context.stripe.paymentIntents.list(query));
  const tries = page.data.filter((intent) => intent.metadata.topup_id === topup.id);
  return tries.find((intent) => intent.status === 'succeeded' || intent.status === 'processing') ?? tries[0];
}

async function findCard(context: StripeContext, customerId: string): Promise<string | undefined> {
  const customer = await callStripe(() => context.stripe.customers.retrieve(customerId));
  if (customer.deleted === true) return undefined;
  const { default_payment_method: preferred } = customer.invoice_settings;
  if (preferred !== null) return typeof preferred === 'string' ? preferred : preferred.id;
  const query = { customer: customerId, type: 'card' as const, limit: 1 };
  const cards = await callStripe(() => context.stripe.paymentMethods.list(query));
  return cards.data[0]?.id;
}

async function readOutcome(context: StripeContext, intent: Stripe.PaymentIntent): Promise<TopupOutcome> {
  switch (intent.status) {
    case 'succeeded':
      return {
        status: 'paid',
        paymentId: intent.id,
        amountCents: intent.amount_received,
        currency: intent.currency,
        paidAt: new Date(intent.created * 1000),
      };
    case 'processing':
      return { status: 'pending' };
    case 'canceled':
      return { status: 'declined', code: 'canceled' };
    default:
      // Nobody is there to confirm it; what is open must not be paid later.
      await callStripe(() => context.stripe.paymentIntents.cancel(intent.id)).catch((error: unknown) => {
        if (!isGatewayError(error, 'invalid')) throw error;
      });
      return { status: 'declined', code: intent.last_payment_error?.code ?? 'authentication_required' };
  }
}
