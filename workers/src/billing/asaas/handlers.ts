import { findOrderAtAsaas } from '@base/shared/db/queries/asaas-orders';
import { endCheckout } from '@base/shared/db/queries/checkouts';
import { findCustomer } from '@base/shared/db/queries/gateway-records';
import type { AsaasContext, Occasion } from './asaas-context.ts';
import { mirrorPayment } from './mirror-payment.ts';
import { mirrorSubscription } from './mirror-subscription.ts';

export interface AsaasHandler {
  /** The field of the event that holds the object. */
  about: 'payment' | 'subscription' | 'checkout';
  handle(context: AsaasContext, occasion: Occasion): Promise<'processed' | 'ignored'>;
}

const payment: AsaasHandler = { about: 'payment', handle: mirrorPayment };
const subscription: AsaasHandler = { about: 'subscription', handle: (...given) => mirrorSubscription(...given) };

/** The page is over; what was paid on it before counts all the same. */
const checkoutEnded: AsaasHandler = {
  about: 'checkout',
  async handle({ pool }, { objectId }) {
    const order = await findOrderAtAsaas(pool, objectId);
    if (order === null) return 'ignored';
    await endCheckout(pool, order.id, 'expired', objectId);
    return 'processed';
  },
};

const checkoutPaid: AsaasHandler = {
  about: 'checkout',
  async handle(context, { objectId, asOf }) {
    const order = await findOrderAtAsaas(context.pool, objectId);
    if (order === null) return 'ignored';
    await mirrorPaymentsOfPage(context, { organizationId: order.organization_id, pageId: objectId, asOf });
    return 'processed';
  },
};

/** The payments that were made on a page: they name it, and are found among those of its customer. */
export async function mirrorPaymentsOfPage(
  context: AsaasContext,
  { organizationId, pageId, asOf }: { organizationId: string; pageId: string; asOf: Date },
): Promise<void> {
  const customer = await findCustomer(context.pool, 'asaas', organizationId);
  if (customer === null) return;
  for await (const page of context.asaas.listPayments({ customer })) {
    const own = page.filter(({ checkoutSession }) => checkoutSession === pageId);
    for (const { id } of own) await mirrorPayment(context, { objectId: id, asOf });
    if (own.length > 0) return;
  }
}

/**
 * Every type of event that has an effect here. All others, those that Asaas will think of among them, are kept and
 * change nothing.
 */
export const handlers: ReadonlyMap<string, AsaasHandler> = new Map(
  Object.entries({
    PAYMENT_CREATED: payment,
    PAYMENT_UPDATED: payment,
    PAYMENT_CONFIRMED: payment,
    PAYMENT_RECEIVED: payment,
    PAYMENT_OVERDUE: payment,
    PAYMENT_DELETED: payment,
    PAYMENT_RESTORED: payment,
    PAYMENT_REFUNDED: payment,
    PAYMENT_PARTIALLY_REFUNDED: payment,
    PAYMENT_REFUND_IN_PROGRESS: payment,
    PAYMENT_REFUND_DENIED: payment,
    PAYMENT_RECEIVED_IN_CASH_UNDONE: payment,
    PAYMENT_CHARGEBACK_REQUESTED: payment,
    PAYMENT_CHARGEBACK_DISPUTE: payment,
    PAYMENT_AWAITING_CHARGEBACK_REVERSAL: payment,
    PAYMENT_DUNNING_RECEIVED: payment,
    SUBSCRIPTION_CREATED: subscription,
    SUBSCRIPTION_UPDATED: subscription,
    SUBSCRIPTION_INACTIVATED: subscription,
    SUBSCRIPTION_DELETED: subscription,
    CHECKOUT_PAID: checkoutPaid,
    CHECKOUT_CANCELED: checkoutEnded,
    CHECKOUT_EXPIRED: checkoutEnded,
  }),
);
