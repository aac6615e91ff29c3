import { nowSeconds, type StripeAccount } from '../account.ts';
import type { Subscription } from '../billing-objects.ts';
import { changeObject, emitEvent } from '../emit-event.ts';

export type EndReason = 'cancellation_requested' | 'payment_failed';

/** Ends a subscription for good. Its unpaid invoices stay, but nobody collects them any more. */
export function endSubscription(account: StripeAccount, subscription: Subscription, reason: EndReason): void {
  const now = nowSeconds(account);
  const schedule = account.schedules.find(subscription.schedule);
  Object.assign(subscription, {
    status: 'canceled',
    canceled_at: subscription.canceled_at ?? now,
    ended_at: now,
    cancellation_details: { ...subscription.cancellation_details, reason },
    pending_update: null,
    schedule: null,
  });
  account.pendingProrations.delete(subscription.id);
  emitEvent(account, 'customer.subscription.deleted', subscription);
  if (schedule?.status === 'active') {
    Object.assign(schedule, { status: 'canceled', canceled_at: now, current_phase: null });
    emitEvent(account, 'subscription_schedule.canceled', schedule);
  }
  const unpaid = account.invoices.newestFirst(
    ({ parent, status }) =>
      parent?.subscription_details.subscription === subscription.id && (status === 'open' || status === 'draft'),
  );
  for (const invoice of unpaid) {
    changeObject(account, invoice, 'invoice.updated', {
      auto_advance: false,
      automatically_finalizes_at: null,
      next_payment_attempt: null,
    });
  }
}
