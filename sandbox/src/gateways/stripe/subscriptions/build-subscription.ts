import { nowSeconds, type StripeAccount } from '../account.ts';
import type { Period, Subscription, SubscriptionItem } from '../billing-objects.ts';
import { listOf } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Customer, Price } from '../objects.ts';
import type { Metadata } from '../params.ts';

interface SubscriptionFields {
  customer: Customer;
  items: readonly { price: Price; quantity: number }[];
  period: Period;
  anchor: number;
  status: Subscription['status'];
  trialEnd: number | null;
  trialWithoutCard: Subscription['trial_settings']['end_behavior']['missing_payment_method'];
  defaultMethod: string | null;
  description: string | null;
  metadata: Metadata;
}

/** A subscription as Stripe shows it; it is not stored yet. */
export function buildSubscription(account: StripeAccount, fields: SubscriptionFields): Subscription {
  const id = newId('sub');
  const created = nowSeconds(account);
  const items = fields.items.map(({ price, quantity }) => buildItem(id, created, price, quantity, fields.period));
  const subscription = {
    ...unusedFields(),
    id,
    object: 'subscription' as const,
    billing_cycle_anchor: fields.anchor,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, reason: null },
    collection_method: 'charge_automatically',
    created,
    currency: fields.items[0]?.price.currency ?? 'brl',
    customer: fields.customer.id,
    default_payment_method: fields.defaultMethod,
    description: fields.description,
    ended_at: null,
    items: listOf(items, `/v1/subscription_items?subscription=${id}`),
    latest_invoice: null,
    livemode: false,
    metadata: fields.metadata,
    pause_collection: null,
    pending_update: null,
    schedule: null,
    start_date: created,
    status: fields.status,
    trial_end: fields.trialEnd,
    trial_settings: { end_behavior: { missing_payment_method: fields.trialWithoutCard } },
    trial_start: fields.trialEnd === null ? null : created,
  };
  return subscription;
}

/** The same item with another price or period. */
export function withPrice(item: SubscriptionItem, price: Price, quantity: number, period: Period): SubscriptionItem {
  return {
    ...item,
    price: structuredClone(price),
    plan: planOf(price),
    quantity,
    current_period_start: period.start,
    current_period_end: period.end,
  };
}

/** A new item of a subscription. */
export function buildItem(
  subscription: string,
  created: number,
  price: Price,
  quantity: number,
  period: Period,
): SubscriptionItem {
  const item = {
    id: newId('si', 14),
    object: 'subscription_item' as const,
    billing_thresholds: null,
    created,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(price),
    price: structuredClone(price),
    quantity,
    subscription,
    tax_rates: [],
  };
  return item;
}

/** The older form of a price, which subscriptions still carry. */
function planOf(price: Price): Record<string, unknown> {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: String(price.unit_amount),
    billing_scheme: 'per_unit',
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: { ...price.metadata },
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
}

function unusedFields() {
  return {
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    customer_account: null,
    days_until_due: null,
    default_source: null,
    default_tax_rates: [],
    discounts: [],
    invoice_settings: { account_tax_ids: null, issuer: { type: 'self' } },
    managed_payments: null,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    test_clock: null,
    transfer_data: null,
  };
}
