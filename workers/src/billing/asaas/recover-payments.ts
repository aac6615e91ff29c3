import { findMirrored, findPeriodsOver } from '@base/shared/db/queries/asaas-orders';
import { receivePaymentEvent } from '@base/shared/db/queries/billing';
import { addDays, dayInBrazil } from '@base/shared/gateways/asaas/brazil-days';
import type { PaymentFilter } from '@base/shared/gateways/asaas/client';
import { readPaymentState } from '@base/shared/gateways/asaas/payment-state';
import type { AsaasPayment } from '@base/shared/gateways/asaas/schemas';
import { type AsaasContext, readTime } from './asaas-context.ts';
import { mirrorSubscription } from './mirror-subscription.ts';

/** Within which payments are looked through every time. */
const daysBack = 3;

/**
 * Asaas keeps no list of what it has said, so payments of the last days are compared with what stands here; those that
 * differ go into the inbox as if Asaas had told of them. Subscriptions whose period is over are looked up: what was paid
 * in advance, and what was to end, comes into effect without an event.
 * @returns how many payments were not known as they are
 */
export async function recoverAsaasPayments(context: AsaasContext): Promise<number> {
  const since = addDays(dayInBrazil(context.clock.now()), -daysBack);
  const recovered = (await recoverListed(context, { since })) + (await recoverListed(context, { paidSince: since }));
  for (const { gatewayId } of await findPeriodsOver(context.pool, context.clock.now())) {
    await mirrorSubscription(context, { objectId: gatewayId, asOf: await readTime(context) }).catch((err: unknown) =>
      context.log.warn({ err, subscription: gatewayId }, 'a subscription could not be looked up; it will be again'),
    );
  }
  return recovered;
}

/** Puts payments that stand here otherwise into the inbox. @returns how many */
export async function recoverListed(context: AsaasContext, filter: PaymentFilter): Promise<number> {
  let recovered = 0;
  for await (const page of context.asaas.listPayments(filter)) recovered += await takeDiffering(context, page);
  return recovered;
}

async function takeDiffering({ pool }: AsaasContext, payments: readonly AsaasPayment[]): Promise<number> {
  const mirrored = await findMirrored(
    pool,
    payments.map(({ id }) => id),
  );
  let taken = 0;
  for (const payment of payments) {
    const { invoiceStatus, keptCents } = readPaymentState(payment);
    const known = mirrored.get(payment.id);
    if (known?.status === invoiceStatus && known.amountPaidCents === keptCents) continue;
    // The same state again later, after another one, is a new difference: what it was before is part of the name.
    const was = known === undefined ? 'unknown' : `${known.status}-${known.amountPaidCents}`;
    const id = `recovered:${payment.id}:${was}:${payment.status}-${keptCents}`;
    const type = 'PAYMENT_UPDATED';
    const payload = JSON.stringify({ id, event: type, payment: { id: payment.id } });
    if (await receivePaymentEvent(pool, { gateway: 'asaas', id, type, apiVersion: null, payload })) taken += 1;
  }
  return taken;
}
