import { findLiveAtAsaas, findOwnSubscription, type OwnSubscription } from '@base/shared/db/queries/asaas-orders';
import { addDays, dayInBrazil } from '@base/shared/gateways/asaas/brazil-days';
import type { AsaasSubscription } from '@base/shared/gateways/asaas/schemas';
import { type AsaasContext, readTime } from './asaas-context.ts';
import { mirrorSubscription } from './mirror-subscription.ts';
import { recoverListed } from './recover-payments.ts';

/** Cards can be charged back, and payments given back, for about as long. */
const daysBack = 120;

/**
 * Lists subscriptions, and the payments of months, and looks up what stands here otherwise. Asaas counts calls, so that
 * nothing is asked for one by one before a list has shown it.
 * @returns how many subscriptions differed
 */
export async function compareAsaasSubscriptions(context: AsaasContext): Promise<number> {
  const { asaas, clock, log, pool } = context;
  const live = new Map((await findLiveAtAsaas(pool)).map((own) => [own.gatewayId, own]));
  for await (const page of asaas.listSubscriptions()) {
    for (const listed of page) {
      const own = live.get(listed.id);
      if (own !== undefined && isEqual(own, listed)) live.delete(listed.id);
    }
  }
  let differing = 0;
  for (const own of live.values()) if (await correct(context, own)) differing += 1;
  const since = addDays(dayInBrazil(clock.now()), -daysBack);
  const recovered = (await recoverListed(context, { since })) + (await recoverListed(context, { paidSince: since }));
  if (recovered > 0) log.warn({ payments: recovered }, 'payments at Asaas had changed unheard');
  return differing;
}

function isEqual({ cancelAtPeriodEnd, interval }: OwnSubscription, { status, cycle }: AsaasSubscription): boolean {
  return cancelAtPeriodEnd === (status !== 'ACTIVE') && interval === (cycle === 'YEARLY' ? 'year' : 'month');
}

/** Writes what is there. @returns whether it was something else */
async function correct(context: AsaasContext, before: OwnSubscription): Promise<boolean> {
  const { gatewayId } = before;
  try {
    await mirrorSubscription(context, { objectId: gatewayId, asOf: await readTime(context) });
    const after = await findOwnSubscription(context.pool, gatewayId);
    return after?.status !== before.status || after.cancelAtPeriodEnd !== before.cancelAtPeriodEnd;
  } catch (err) {
    context.log.error({ err, subscription: gatewayId }, 'a subscription at Asaas cannot be compared');
    return false;
  }
}
