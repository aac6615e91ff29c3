import type { subscriptionChange } from '@base/shared/contracts/billing';
import type * as z from 'zod';
import type { ChangeAtGateway, WantedPlan } from './gateways/gateway.ts';

type Change = z.input<typeof subscriptionChange>;

export function presentChange(
  action: Change['action'],
  { planId, interval }: Pick<WantedPlan, 'planId' | 'interval'>,
  { when, effectiveAt, paymentUrl }: ChangeAtGateway,
): Change {
  return {
    object: 'subscription_change',
    action,
    plan: planId,
    interval,
    when,
    effective_at: effectiveAt?.toISOString() ?? null,
    payment_url: paymentUrl,
  };
}
