import { at, nowSeconds, type StripeAccount } from '../account.ts';
import type { Invoice, LineDraft, Subscription, SubscriptionItem } from '../billing-objects.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { draftInvoice } from '../invoices/draft-invoice.ts';
import { abandonInvoice, finalizeInvoice } from '../invoices/settle-invoice.ts';
import { newId } from '../new-id.ts';
import type { Price } from '../objects.ts';
import { declined } from '../payments/charge-payment.ts';
import { StripeError } from '../stripe-error.ts';
import { buildItem, withPrice } from './build-subscription.ts';
import { collectInvoice, finalizeAndCollect, methodFor, takePaid } from './collect-invoice.ts';
import { creditLine, fullLine, periodOf, remainderLine } from './invoice-lines.ts';
import { periodFrom } from './periods.ts';
import { planTurn } from './renew-subscription.ts';

export type ProrationBehavior = 'none' | 'create_prorations' | 'always_invoice';
export type PaymentBehavior =
  | 'allow_incomplete'
  | 'default_incomplete'
  | 'error_if_incomplete'
  | 'pending_if_incomplete';

/** What a call wants of one item; without an item it is a new one. */
export interface ItemChange {
  item: SubscriptionItem | null;
  price: Price;
  quantity: number;
  isDeleted: boolean;
}

export interface PricePlan {
  items: SubscriptionItem[];
  lines: LineDraft[];
  /** Where the rhythm of billing starts again, when the interval changes. */
  anchor: number | null;
}

const pendingSeconds = 23 * 3_600;

/** Works out the items after a change and what it costs: credit for the old price, charge for the new one. */
export function planPriceChange(
  account: StripeAccount,
  subscription: Subscription,
  wanted: readonly ItemChange[],
  date: number,
  hasProrations: boolean,
): PricePlan {
  const [first] = subscription.items.data;
  if (!first) throw new StripeError('The subscription has no items.');
  const changes = wanted.filter(isRealChange);
  const isTrial = subscription.status === 'trialing';
  const after = applyChanges(account, subscription, changes);
  const [was, is] = [first.price.recurring, after[0]?.price.recurring];
  const isRhythmNew = was?.interval !== is?.interval || was?.interval_count !== is?.interval_count;
  if (isTrial || !is) return { items: after, lines: [], anchor: null };
  const credits = changes.flatMap(({ item }) => (item && hasProrations ? [creditLine(account, item, date)] : []));
  if (isRhythmNew) {
    const items = after.map((item) =>
      withPrice(item, item.price, item.quantity, periodFrom(date, date, item.price.recurring ?? is)),
    );
    return { items, lines: [...credits, ...items.map((item) => fullLine(account, item))], anchor: date };
  }
  const changed = after.filter((item) => isChanged(item, subscription));
  const charges = hasProrations ? changed.map((item) => remainderLine(account, item, date)) : [];
  return { items: after, lines: [...credits, ...charges], anchor: null };
}

/** Carries a plan out, and bills it as the caller wants. */
export function changePrice(
  account: StripeAccount,
  subscription: Subscription,
  plan: PricePlan,
  behavior: { proration: ProrationBehavior; payment: PaymentBehavior },
  otherChange: Partial<Subscription> = {},
): void {
  dropPending(account, subscription);
  const isBilledNow = plan.lines.length > 0 && (behavior.proration === 'always_invoice' || plan.anchor !== null);
  if (!isBilledNow) {
    keepForLater(account, subscription, plan.lines);
    apply(account, subscription, plan, otherChange);
    return;
  }
  if (behavior.payment === 'error_if_incomplete') refuseUnlessPayable(account, subscription, plan);
  const invoice = draftUpdate(account, subscription, plan.lines);
  if (behavior.payment === 'pending_if_incomplete') {
    chargeThenApply(account, subscription, plan, invoice, otherChange);
    return;
  }
  apply(account, subscription, plan, { ...otherChange, latest_invoice: invoice.id });
  if (behavior.payment !== 'default_incomplete') {
    finalizeAndCollect(account, invoice);
    return;
  }
  if (finalizeInvoice(account, invoice)) takePaid(account, invoice);
  else changeObject(account, subscription, 'customer.subscription.updated', { status: 'past_due' });
}

/** The price changes only if the charge succeeds; otherwise the change waits for its invoice to be paid, for 23 hours. */
function chargeThenApply(
  account: StripeAccount,
  subscription: Subscription,
  plan: PricePlan,
  invoice: Invoice,
  otherChange: Partial<Subscription>,
): void {
  const expiresAt = nowSeconds(account) + pendingSeconds;
  const isNothingDue = finalizeInvoice(account, invoice);
  const waiting = {
    pending_update: {
      ...unusedPendingFields,
      billing_cycle_anchor: plan.anchor,
      expires_at: expiresAt,
      subscription_items: plan.items,
    },
  };
  if (isNothingDue) {
    apply(account, subscription, plan, { ...otherChange, latest_invoice: invoice.id });
    return;
  }
  // Set before the charge, so that its failure leaves the subscription active.
  Object.assign(subscription, waiting);
  const isPaid = collectInvoice(account, invoice);
  Object.assign(subscription, { pending_update: null });
  if (isPaid) {
    apply(account, subscription, plan, { ...otherChange, latest_invoice: invoice.id });
    return;
  }
  changeObject(account, subscription, 'customer.subscription.updated', { ...waiting, latest_invoice: invoice.id });
  if (plan.anchor !== null && plan.items[0]) planTurn(account, subscription, plan.items[0].current_period_end);
  at(account, expiresAt, () => {
    if (subscription.pending_update?.expires_at !== expiresAt || subscription.latest_invoice !== invoice.id) return;
    changeObject(account, subscription, 'customer.subscription.updated', { pending_update: null });
    emitEvent(account, 'customer.subscription.pending_update_expired', subscription);
    if (invoice.status === 'open') abandonInvoice(account, invoice, 'void');
  });
}

/** A change that still waits for its payment gives way to a new one. */
function dropPending(account: StripeAccount, subscription: Subscription): void {
  if (subscription.pending_update === null) return;
  const invoice = account.invoices.find(subscription.latest_invoice);
  subscription.pending_update = null;
  if (invoice?.status === 'open') abandonInvoice(account, invoice, 'void');
}

const unusedPendingFields = {
  cancel_at_period_end: null,
  discount: null,
  discounts: null,
  metadata: null,
  trial_end: null,
  trial_from_plan: null,
};

function apply(
  account: StripeAccount,
  subscription: Subscription,
  plan: PricePlan,
  otherChange: Partial<Subscription>,
): void {
  changeObject(account, subscription, 'customer.subscription.updated', {
    ...otherChange,
    items: { ...subscription.items, data: plan.items },
    ...(plan.anchor !== null && { billing_cycle_anchor: plan.anchor }),
  });
  if (plan.anchor !== null) planTurn(account, subscription);
}

function applyChanges(
  account: StripeAccount,
  subscription: Subscription,
  changes: readonly ItemChange[],
): SubscriptionItem[] {
  const [first] = subscription.items.data;
  if (!first) return [];
  const kept = subscription.items.data.flatMap((item) => {
    const change = changes.find((candidate) => candidate.item === item);
    if (!change) return [item];
    return change.isDeleted ? [] : [withPrice(item, change.price, change.quantity, periodOf(item))];
  });
  const added = changes.filter(({ item }) => item === null);
  return [
    ...kept,
    ...added.map(({ price, quantity }) =>
      buildItem(subscription.id, nowSeconds(account), price, quantity, periodOf(first)),
    ),
  ];
}

/** To ask for what is there already costs nothing. */
function isRealChange({ item, price, quantity, isDeleted }: ItemChange): boolean {
  return isDeleted || item === null || item.price.id !== price.id || item.quantity !== quantity;
}

function isChanged(item: SubscriptionItem, subscription: Subscription): boolean {
  return !subscription.items.data.includes(item);
}

/** Prorations that are not billed now wait as invoice items for the next invoice. */
export function keepForLater(account: StripeAccount, subscription: Subscription, lines: readonly LineDraft[]): void {
  for (const line of lines) {
    const id = newId('ii');
    const pending = account.pendingProrations.get(subscription.id) ?? [];
    account.pendingProrations.set(subscription.id, [...pending, { ...line, invoiceItem: id }]);
    emitEvent(account, 'invoiceitem.created', {
      id,
      object: 'invoiceitem',
      amount: line.amount,
      currency: line.price.currency,
      customer: subscription.customer,
      date: nowSeconds(account),
      description: line.description,
      discountable: false,
      discounts: [],
      invoice: null,
      livemode: false,
      metadata: {},
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: subscription.id, subscription_item: line.item?.id ?? null },
      },
      period: line.period,
      proration: true,
      quantity: line.quantity,
    });
  }
}

/** An invoice for a change, with what has waited for one. */
export function draftUpdate(account: StripeAccount, subscription: Subscription, lines: readonly LineDraft[]): Invoice {
  const customer = account.customers.find(subscription.customer);
  if (!customer) throw new StripeError('The customer of this subscription is gone.');
  const pending = account.pendingProrations.get(subscription.id) ?? [];
  account.pendingProrations.delete(subscription.id);
  return draftInvoice(account, {
    customer,
    subscription,
    reason: 'subscription_update',
    lines: [...pending, ...lines],
    finalizesAt: null,
  });
}

function refuseUnlessPayable(account: StripeAccount, subscription: Subscription, plan: PricePlan): void {
  const total = plan.lines.reduce((sum, { amount }) => sum + amount, 0);
  const method = methodFor(account, subscription, subscription);
  if (total <= 0 || (method && account.cardOutcomes.get(method.id) !== 'declined')) return;
  throw new StripeError(declined.message, {
    status: 402,
    type: 'card_error',
    code: declined.code,
    extra: { decline_code: declined.decline_code },
  });
}
