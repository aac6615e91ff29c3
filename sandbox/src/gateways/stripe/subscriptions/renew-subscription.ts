import { at, nowSeconds, type StripeAccount } from '../account.ts';
import type { Invoice, LineDraft, Subscription, SubscriptionItem } from '../billing-objects.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { buildInvoice, draftInvoice } from '../invoices/draft-invoice.ts';
import { abandonInvoice, finalizeInvoice } from '../invoices/settle-invoice.ts';
import { withPrice } from './build-subscription.ts';
import { finalizeAndCollect, methodFor, subscriptionOf, takePaid } from './collect-invoice.ts';
import { endSubscription } from './end-subscription.ts';
import { fullLine, periodOf } from './invoice-lines.ts';
import { periodFrom } from './periods.ts';
import { advanceSchedule, phaseItems } from './schedule-phases.ts';

/**
 * What happens when the period of a subscription ends: it is cancelled or paused if that was asked for; otherwise a phase
 * of its schedule may begin, the next period starts, and its invoice is drafted. Stripe leaves the draft alone for an
 * hour, then finalizes and charges it.
 */

const draftSeconds = 3_600;
/** How long before its renewal an invoice is announced. */
const noticeSeconds = 7 * 86_400;

/** Plans the end of the current period. A plan that is no longer right when its time comes does nothing. */
export function planTurn(account: StripeAccount, subscription: Subscription, end = periodEndOf(subscription)): void {
  const isCurrent = () =>
    subscription.ended_at === null &&
    periodEndOf(subscription) === end &&
    !['incomplete', 'paused'].includes(subscription.status) &&
    account.customers.find(subscription.customer) !== undefined;
  const noticeAt = end - noticeSeconds;
  if (noticeAt > nowSeconds(account)) {
    at(account, noticeAt, () => {
      if (isCurrent() && !subscription.cancel_at_period_end) announce(account, subscription, end);
    });
  }
  at(account, end, () => {
    if (isCurrent()) turn(account, subscription, end);
  });
}

export function periodEndOf(subscription: Subscription): number {
  return subscription.items.data[0]?.current_period_end ?? 0;
}

/** Starts a period now, outside the rhythm, and bills it at once: a trial was cut short, or a pause is over. */
export function beginPeriodNow(
  account: StripeAccount,
  subscription: Subscription,
  change: Partial<Subscription>,
): void {
  const now = nowSeconds(account);
  const items = itemsFrom(subscription.items.data, now, now);
  const invoice = draftFor(account, { ...subscription, items: { ...subscription.items, data: items } }, 'now');
  changeObject(account, subscription, 'customer.subscription.updated', {
    ...change,
    billing_cycle_anchor: now,
    items: { ...subscription.items, data: items },
    latest_invoice: invoice.id,
    status: 'active',
  });
  planTurn(account, subscription);
  finalizeAndCollect(account, invoice);
}

function turn(account: StripeAccount, subscription: Subscription, end: number): void {
  const isTrialOver = subscription.status === 'trialing';
  const withoutCard = subscription.trial_settings.end_behavior.missing_payment_method;
  const isLeftUnpaid = isTrialOver && !methodFor(account, subscription, subscription);
  const isCancelDue = subscription.cancel_at !== null && subscription.cancel_at <= end;
  if (subscription.cancel_at_period_end || isCancelDue || (isLeftUnpaid && withoutCard === 'cancel')) {
    endSubscription(account, subscription, 'cancellation_requested');
    return;
  }
  if (isLeftUnpaid && withoutCard === 'pause') {
    changeObject(account, subscription, 'customer.subscription.updated', { status: 'paused' });
    emitEvent(account, 'customer.subscription.paused', subscription);
    return;
  }
  const advance = advanceSchedule(account, subscription);
  if (advance.fate === 'ended') return;
  const before = subscription.items.data;
  const current = advance.fate === 'phase' ? phaseItems(account, subscription, advance.phase) : before;
  renew(account, subscription, current, end);
}

function renew(account: StripeAccount, subscription: Subscription, current: SubscriptionItem[], end: number): void {
  const [was, is] = [subscription.items.data[0]?.price.recurring, current[0]?.price.recurring];
  const isRhythmNew = was?.interval !== is?.interval || was?.interval_count !== is?.interval_count;
  const anchor = isRhythmNew ? end : subscription.billing_cycle_anchor;
  const period = subscription.items.data[0] && periodOf(subscription.items.data[0]);
  const items = itemsFrom(current, end, anchor);
  const renewed = { ...subscription, items: { ...subscription.items, data: items } };
  const invoice = draftFor(account, renewed, 'later', period);
  changeObject(account, subscription, 'customer.subscription.updated', {
    billing_cycle_anchor: anchor,
    items: renewed.items,
    latest_invoice: invoice.id,
    ...(subscription.status === 'trialing' && { status: 'active' }),
  });
  planTurn(account, subscription);
  at(account, end + draftSeconds, () => advanceDraft(account, invoice));
}

/** The invoice to come. It is not there yet, so it has no id. */
function announce(account: StripeAccount, subscription: Subscription, end: number): void {
  const customer = account.customers.find(subscription.customer);
  if (!customer) return;
  const items = itemsFrom(subscription.items.data, end, subscription.billing_cycle_anchor);
  const pending = account.pendingProrations.get(subscription.id) ?? [];
  const lines = [...pending, ...items.map((item) => fullLine(account, item))];
  const invoice = buildInvoice(account, {
    customer,
    subscription,
    lines,
    reason: 'upcoming',
    finalizesAt: end + draftSeconds,
  });
  const { id: _id, ...upcoming } = invoice;
  emitEvent(account, 'invoice.upcoming', { ...upcoming, created: end, next_payment_attempt: end + draftSeconds });
}

function itemsFrom(items: readonly SubscriptionItem[], start: number, anchor: number): SubscriptionItem[] {
  return items.map((item) => {
    const period = periodFrom(start, anchor, item.price.recurring ?? { interval: 'month', interval_count: 1 });
    return withPrice(item, item.price, item.quantity, period);
  });
}

function draftFor(
  account: StripeAccount,
  subscription: Subscription,
  when: 'now' | 'later',
  period?: { start: number; end: number },
): Invoice {
  const customer = account.customers.find(subscription.customer);
  if (!customer) throw new Error(`the customer of ${subscription.id} is gone`);
  const isLeftAlone =
    subscription.status === 'unpaid' || subscription.pause_collection?.behavior === 'keep_as_draft' || when === 'now';
  const invoice = draftInvoice(account, {
    customer,
    subscription,
    reason: when === 'now' ? 'subscription_update' : 'subscription_cycle',
    lines: [...takePending(account, subscription), ...subscription.items.data.map((item) => fullLine(account, item))],
    finalizesAt: isLeftAlone ? null : nowSeconds(account) + draftSeconds,
    ...(period && { period }),
  });
  return invoice;
}

/** The prorations that have waited for this invoice. */
function takePending(account: StripeAccount, subscription: Subscription): LineDraft[] {
  const pending = account.pendingProrations.get(subscription.id) ?? [];
  account.pendingProrations.delete(subscription.id);
  return pending;
}

function advanceDraft(account: StripeAccount, invoice: Invoice): void {
  if (invoice.status !== 'draft' || !invoice.auto_advance) return;
  const pause = subscriptionOf(account, invoice)?.pause_collection;
  if (!pause) {
    finalizeAndCollect(account, invoice);
    return;
  }
  if (pause.behavior === 'keep_as_draft') return;
  if (finalizeInvoice(account, invoice)) takePaid(account, invoice);
  else abandonInvoice(account, invoice, pause.behavior === 'void' ? 'void' : 'uncollectible');
}
