import { applyStripeInvoice } from './apply-invoice.ts';
import { applySession } from './apply-session.ts';
import type { StripeHandler } from './stripe-context.ts';

const mirrorInvoice: StripeHandler = async (context, occasion) => {
  await applyStripeInvoice(context, occasion);
  return 'processed';
};

/** The organization hears of each attempt that failed, with the page where it can pay. */
const tellOf =
  (what: string): StripeHandler =>
  async (context, occasion) => {
    const invoice = await applyStripeInvoice(context, occasion);
    if (invoice.status === 'paid') return 'processed';
    await context.pool.query('select public.tell_of_invoice($1, $2, $3, $4)', [
      'stripe',
      invoice.id,
      what,
      invoice.attempt_count,
    ]);
    return 'processed';
  };

const alarm: StripeHandler = async (context, occasion) => {
  const { id } = await applyStripeInvoice(context, occasion);
  context.log.error(
    { invoice: id },
    'STRIPE CANNOT FINALIZE AN INVOICE; nothing is charged for it until that is mended',
  );
  return 'processed';
};

export const paymentHandlers: Readonly<Record<string, StripeHandler>> = {
  'checkout.session.completed': applySession,
  'checkout.session.async_payment_succeeded': applySession,
  'checkout.session.async_payment_failed': applySession,
  'checkout.session.expired': applySession,
  'invoice.paid': mirrorInvoice,
  'invoice.payment_failed': tellOf('payment_failed'),
  'invoice.payment_action_required': tellOf('payment_action_required'),
  'invoice.voided': mirrorInvoice,
  'invoice.marked_uncollectible': mirrorInvoice,
  'invoice.finalization_failed': alarm,
};
