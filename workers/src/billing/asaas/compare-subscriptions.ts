import { findLiveAtAsaas, findOwnSubscription, type OwnSubscription } from '@base/shared/db/queries/asaas-orders';
import { addDays, dayInBrazil } from '@base/shared/gateways/asaas/brazil-days';
import { type AsaasContext, readTime } from './asaas-context.ts';
import { mirrorSubscription } from './mirror-subscription.ts';
import { recoverListed } from './recover-payments.ts';

/** Cards can be charged back, and payments given back, for about as long. */
const daysBack = 120;

/** Looks up every subscription that lives here, and the payments of months. @returns how many subscriptions differed */
export async function compareAsaasSubscriptions(context: AsaasContext): Promise<number> {
  const { pool, log, clock } = context;
  let differing = 0;
  for (const before of await findLiveAtAsaas(pool, null)) {
    const { gatewayId } = before;
    try {
      await mirrorSubscription(context, { objectId: gatewayId, asOf: await readTime(context) });
      const after = await findOwnSubscription(pool, gatewayId);
      if (after === null || !isEqual(before, after)) differing += 1;
    } catch (err) {
      log.error({ err, subscription: gatewayId }, 'a subscription at Asaas cannot be compared');
    }
  }
  const since = addDays(dayInBrazil(clock.now()), -daysBack);
  const recovered = (await recoverListed(context, { since })) + (await recoverListed(context, { paidSince: since }));
  if (recovered > 0) log.warn({ payments: recovered }, 'payments at Asaas had changed unheard');
  return differing;
}

function isEqual(a: OwnSubscription, b: OwnSubscription): boolean {
  return (
    a.status === b.status &&
    a.planId === b.planId &&
    a.nextPlanId === b.nextPlanId &&
    a.cancelAtPeriodEnd === b.cancelAtPeriodEnd &&
    a.periodEnd.getTime() === b.periodEnd.getTime()
  );
}
